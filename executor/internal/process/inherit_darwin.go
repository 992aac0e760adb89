package process

// signalsBlocked is not looked into here: it takes libc.
func signalsBlocked() bool { return false }

func unblockSignals() (undo func()) { return func() {} }

// markAll is for kernels that can mark all descriptors at once.
func markAll() bool { return false }
