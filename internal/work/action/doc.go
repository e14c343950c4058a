// Package action does what is neither moving nor comparing: it asks a system
// whether something is so, until it is. It knows no clock: when it is asked again
// and when that is given up is the Machine's. Start at WaitFor and Executors.
package action
