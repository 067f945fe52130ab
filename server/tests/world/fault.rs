//! Everything that can go wrong, in one list.

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every stream between two nodes is cut; what was under way is lost.
    Cut,
    /// Everything between two nodes vanishes, and nobody is told.
    HalfOpen,
    /// Two nodes cannot reach each other.
    Down,
    /// A slow line.
    Slow,
    /// Single frames vanish.
    Drop,
    /// Single frames come twice.
    Duplicate,
    /// Frames overtake each other.
    Reorder,
    /// Somebody rewrites receipts on the line.
    Forge,
    /// A node's power fails.
    Crash,
    /// A node is stopped and started in order.
    Stop,
    /// A node's clock jumps: by minutes, by days, by years, forwards or backwards.
    Clock,
    /// A disk with little room.
    DiskLow,
    /// A disk that fills up under a write.
    DiskFull,
    /// A disk whose sync fails.
    DiskSync,
    /// A disk that cannot be read.
    DiskRead,
    /// A node comes back with the store of an earlier day.
    Restore,
}

impl Fault {
    /// Those that are on, each as often as it stands here.
    pub const ON: &'static [Self] = &[
        Self::Cut,
        Self::Cut,
        Self::Cut,
        Self::HalfOpen,
        Self::HalfOpen,
        Self::Down,
        Self::Slow,
        Self::Slow,
        Self::Drop,
        Self::Drop,
        Self::Duplicate,
        Self::Duplicate,
        Self::Reorder,
        Self::Reorder,
        Self::Forge,
        Self::Crash,
        Self::Crash,
        Self::Crash,
        Self::Restore,
        Self::Restore,
        Self::Stop,
        Self::Clock,
        Self::Clock,
        Self::DiskLow,
        Self::DiskFull,
        Self::DiskSync,
        Self::DiskRead,
    ];
}
