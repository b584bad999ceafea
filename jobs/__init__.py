"""What must happen: accept, queue, deliver; the ledger and its clock."""
