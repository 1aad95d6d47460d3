severity IN ('warning', 'alarm') AND function NOT IN ('', 'feedback', 'handling', 'parking')
