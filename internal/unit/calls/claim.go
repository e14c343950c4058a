package calls

import "slices"

// Claimant is a unit that makes calls for records of a place, while it is at work.
type Claimant struct {
	ID int64 // 0 is none
	// Joined is how often others had come to the place when it came.
	Joined int64
	// Shared: others are at work there that may be given the same records, so each
	// record has to be claimed.
	Shared bool
	// Watched: the ledger knows which record has which object of some of its calls.
	Watched bool
}

// Claim is what became of the wish to be alone at a record.
type Claim struct {
	By  string    // the run that is at work with it; "" = it is the claimant's
	Now *Standing // how it stands now; nil when it was the claimant's before
}

// Notes are what a claimant has to note of requests.
type Notes struct {
	By   Claimant
	List []Sent
}

// Noted is what became of a claimant's notes.
type Noted struct {
	Err   error   // nothing of them is noted
	Taken []Taken // these are not, all others are
}

// Loose reports whether one that is about to be sent is of a record that is not claimed.
func (n Notes) Loose() bool {
	return slices.ContainsFunc(n.List, func(s Sent) bool { return !s.Claimed && !s.Answered && !s.Gone })
}
