//! Accounts.

use titian_proto::model::malformed::At as _;
use titian_proto::model::staff::Role;
use titian_proto::wire;
use titian_proto::wire::staff_service_server::StaffService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::staff::Password;
use crate::store::staff::{Account, Attempts};

#[async_trait]
impl StaffService for Desk {
    async fn add_staff(&self, request: Request<wire::AddStaffRequest>) -> Answer<wire::AddStaffResponse> {
        self.act(request, |office, _, wire::AddStaffRequest { name, password, role }| async move {
            let role = Role::from_wire(role).at("role")?;
            let account = office.staff.add(&name, Password::new(password), role).await?;
            Ok(wire::AddStaffResponse { staff: Some(to_wire(account)) })
        })
        .await
    }

    async fn set_staff_password(&self, request: Request<wire::SetStaffPasswordRequest>) -> Answer<wire::SetStaffPasswordResponse> {
        self.act(request, |office, actor, wire::SetStaffPasswordRequest { name, password }| async move {
            office.staff.set_password(&actor, &name, Password::new(password)).await?;
            Ok(wire::SetStaffPasswordResponse {})
        })
        .await
    }

    async fn close_staff(&self, request: Request<wire::CloseStaffRequest>) -> Answer<wire::CloseStaffResponse> {
        self.act(request, |office, _, wire::CloseStaffRequest { name }| async move {
            Ok(wire::CloseStaffResponse { staff: Some(to_wire(office.staff.close(&name).await?)) })
        })
        .await
    }

    async fn list_staff(&self, request: Request<wire::ListStaffRequest>) -> Answer<wire::ListStaffResponse> {
        self.act(request, |office, _, wire::ListStaffRequest {}| async move {
            Ok(wire::ListStaffResponse { staff: office.staff.list()?.into_iter().map(to_wire).collect() })
        })
        .await
    }
}

fn to_wire(account: Account) -> wire::Staff {
    let Account { name, pseudonym, role, password: _, closed, attempts, sessions: _ } = account;
    let Attempts { failures: _, locks: _, locked_until } = attempts;
    wire::Staff { name, pseudonym, role: role.to_wire(), locked_until_ms: locked_until.map_or(0, |until| until.as_millis()), closed }
}
