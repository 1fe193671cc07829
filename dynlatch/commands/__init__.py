"""One command a file: read the arguments, call one verb, write its result."""
