"""Public weights from a catalogue: licence, download that goes on where it was cut, checksum."""
