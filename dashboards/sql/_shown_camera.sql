if(c.name = '', e.camera, c.name)
