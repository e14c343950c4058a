package main

// Start is the program, for the test binary that plays it.
var Start = start
