"""`zool support-bundle`: what somebody who helps needs to know, without secrets, photos and people."""
