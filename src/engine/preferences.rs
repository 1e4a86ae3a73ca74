//! What people set for themselves in the pages. It belongs to the account that is signed in, and gives no right.

use super::command::{WriteCommand, WriteReply};
use super::{Engine, EngineError};
use crate::domain::actor::Actor;
use crate::domain::preferences::{SavedView, ViewName};
use crate::domain::zone::Zone;
use crate::store::preferences::{Account, PreferenceWrite};

/// What became of a wish to save a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewSaving {
    /// It is saved.
    Saved,
    /// The person has as many views as they may.
    Full,
}

impl Engine {
    /// From now on the person reads times in this zone; in the server's if none.
    pub async fn set_zone(&self, actor: &Actor, zone: Option<Zone>) -> Result<(), EngineError> {
        let name = zone.and_then(Zone::name).map(str::to_owned);
        self.write_preference(PreferenceWrite::Zone(Account::of(&actor.person), name)).await?;
        Ok(())
    }

    /// Saves a view of the person in their org; one of the same name gets the new path.
    pub async fn save_view(&self, actor: &Actor, view: SavedView) -> Result<ViewSaving, EngineError> {
        let write = PreferenceWrite::Save(actor.org.clone(), Account::of(&actor.person), view);
        self.write_preference(write).await
    }

    /// Forgets a view of the person in their org. One that is not there stays away.
    pub async fn forget_view(&self, actor: &Actor, name: ViewName) -> Result<(), EngineError> {
        let write = PreferenceWrite::Forget(actor.org.clone(), Account::of(&actor.person), name);
        self.write_preference(write).await?;
        Ok(())
    }

    async fn write_preference(&self, write: PreferenceWrite) -> Result<ViewSaving, EngineError> {
        let reply = self.inner.writer.write(WriteCommand::Preference(write)).await?;
        Ok(if matches!(reply, WriteReply::Full) { ViewSaving::Full } else { ViewSaving::Saved })
    }
}
