//! How the process ends: one code for each kind of reason, those of `sysexits.h`, so that a service manager can tell a wrong setting from a
//! full disk.

/// The exit codes of `titian-node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or stopped in order.
    Done = 0,
    /// Wrong arguments or a wrong configuration file.
    Usage = 64,
    /// Input or stored data that cannot be used.
    Data = 65,
    /// A listener's port is in use.
    PortInUse = 69,
    /// A fault of the program.
    Fault = 70,
    /// The folder is in use by another process, or cannot be made.
    FolderInUse = 73,
    /// The disk cannot be read or written, or is full.
    Storage = 74,
    /// A key is missing or cannot be used.
    Key = 77,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}
