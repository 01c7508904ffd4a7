//! Who is asked and told while a stack changes.

use std::pin::Pin;

use super::{ChangeSet, Removal, StackEvent};

/// What a [`Watcher`] comes to say after a while.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sees what is going to happen, says whether it may, and sees it happen.
pub trait Watcher: Send {
    /// Whether to execute a change set that changes something. It is forgotten otherwise, and the account is as it was.
    fn confirm<'a>(&'a mut self, change_set: &'a ChangeSet) -> Reply<'a, bool>;

    /// Whether to delete a stack.
    fn confirm_removal<'a>(&'a mut self, removal: &'a Removal) -> Reply<'a, bool>;

    /// Something happened in the stack.
    fn event(&mut self, event: &StackEvent);

    /// Comes when nobody wants to wait any longer; asked for once. A change set that is still being computed is then
    /// forgotten, and a stack that is being changed goes on by itself.
    fn interruption(&self) -> Reply<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// Says yes, and looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattended;

impl Watcher for Unattended {
    fn confirm<'a>(&'a mut self, _change_set: &'a ChangeSet) -> Reply<'a, bool> {
        Box::pin(std::future::ready(true))
    }

    fn confirm_removal<'a>(&'a mut self, _removal: &'a Removal) -> Reply<'a, bool> {
        Box::pin(std::future::ready(true))
    }

    fn event(&mut self, _event: &StackEvent) {}
}
