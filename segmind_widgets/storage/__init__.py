"""All data that outlives the kernel: the journal (SQLite), caches, locks, spending."""
