//! A stream of answers.

use tonic::Streaming;

use crate::desk::DeskError;

/// Answers that come one after another.
pub struct Flow<T>(pub(in crate::desk) Streaming<T>);

impl<T> Flow<T> {
    /// The next answer; none when the node has said all.
    ///
    /// # Errors
    /// When the node refuses, or the connection breaks.
    pub async fn next(&mut self) -> Result<Option<T>, DeskError> {
        self.0.message().await.map_err(DeskError::from)
    }
}
