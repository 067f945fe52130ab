//! The owners change a node's keys: new keys into new files, then the descriptor that names them, signed with the root keys. The node may run meanwhile.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use titian_proto::bundle::SealingKey;
use titian_proto::model::descriptor::rotation::OVERLAP_DAYS;
use titian_proto::model::descriptor::{DescriptorChain, DescriptorError, RootKey, Rotation, sign_descriptor};
use titian_proto::model::id::{Digest, NodeId};

use super::{NodeError, ambient, own::descriptors};
use crate::ambient::Ambient;
use crate::config::NodeConfig;
use crate::exit::Exit;
use crate::federation::identity::{CertificateFacts, Pin};
use crate::federation::keys::{KeyError, KeyFolder, KeyName, NewCertificate, SecretKey, load_key, new_sealing_key, self_signed};

/// A key that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// That of the certificate.
    Tls,
    /// For envelopes, receipts and statements.
    Signing,
    /// For the log's heads.
    Log,
    /// For cosigning others' log heads.
    Witness,
    /// That bundles are sealed to.
    Sealing,
}

impl Rotated {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Tls, Self::Signing, Self::Log, Self::Witness, Self::Sealing];
}

/// What is to be changed, and who signs it.
#[derive(Debug)]
pub struct Plan {
    /// Keys that are made anew.
    pub keys: Vec<Rotated>,
    /// New owners, and how many of them must sign from then on.
    pub owners: Option<(Vec<RootKey>, u32)>,
    /// Files of the present owners' root keys.
    pub roots: Vec<PathBuf>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The node's own folder.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A key.
    #[error("a key cannot be used or written; nothing was changed")]
    Key(#[from] KeyError),
    /// The certificate.
    #[error("a certificate could not be made; nothing was changed")]
    Certificate(#[source] rcgen::Error),
    /// Too few owners.
    #[error(
        "DESCRIPTOR_SIGNATURES_MISSING: {found} of the {needed} owners who must sign have signed; nothing was changed: give a --root-key FILE of each"
    )]
    TooFew {
        /// Owners who must sign.
        needed: u32,
        /// Those whose root keys were given.
        found: u32,
    },
    /// The descriptor would break a rule.
    #[error(
        "the next descriptor would break a rule; nothing was changed: where there are too many keys of one kind, wait until the overlap of the last change is over"
    )]
    Descriptor(#[source] DescriptorError),
    /// A file.
    #[error("{} cannot be written; the node goes on with the keys it has: check its owner and the room on the disk, and do it again", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RotateError {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Node(error) => error.exit(),
            Self::Key(_) => Exit::Key,
            Self::Certificate(_) => Exit::Fault,
            Self::TooFew { .. } => Exit::Usage,
            Self::Descriptor(_) => Exit::Data,
            Self::Unwritable { .. } => Exit::Storage,
        }
    }
}

/// Makes the keys and puts the descriptor that names them in place; gives what is to be done yet. Until the descriptor is in place the new keys are files
/// that nobody looks at, and from then on it names them and the old ones: there is no moment in which the node cannot prove who it is.
///
/// # Errors
/// When too few owners sign, a rule would be broken, or something cannot be written.
pub fn rotate(config: &NodeConfig, plan: Plan) -> Result<String, RotateError> {
    let (ambient, keys) = (ambient(config.rehearsal), KeyFolder::at(config.key_folder()));
    let (chain, _) = descriptors(config)?;
    let roots = plan.roots.iter().map(|file| load_key(file)).collect::<Result<Vec<_>, _>>()?;
    let new = NewKeys::make(&plan.keys, &config.node_id, &ambient)?;
    let descriptor = new.rotation(plan.owners).next(&chain, ambient.now());
    let signed = sign_descriptor(&descriptor, &roots.iter().map(SecretKey::signing_key).collect::<Vec<_>>());
    let next = chain.followed_by(&signed).map_err(|error| match error {
        DescriptorError::SignaturesMissing { needed, found, .. } => RotateError::TooFew { needed, found },
        error => RotateError::Descriptor(error),
    })?;
    new.store(&keys)?;
    keys.sync().map_err(|source| RotateError::Unwritable { path: keys.path(""), source })?;
    crate::crash::point("rotate.after-keys");
    put_in_place(&config.descriptor_file(), &next)?;
    Ok(report(config, &next))
}

fn put_in_place(file: &Path, chain: &DescriptorChain) -> Result<(), RotateError> {
    let new = file.with_extension("txt.new");
    let failed = |source| RotateError::Unwritable { path: new.clone(), source };
    let write = |bytes: &[u8]| -> io::Result<()> {
        let mut created = File::create(&new)?;
        created.write_all(bytes)?;
        created.sync_all()
    };
    write(chain.to_file().as_bytes()).map_err(failed)?;
    crate::crash::point("rotate.before-rename");
    fs::rename(&new, file).map_err(failed)?;
    crate::crash::point("rotate.after-rename");
    let folder = file.parent().map_or(Ok(()), |folder| File::open(folder).and_then(|folder| folder.sync_all()));
    folder.map_err(|source| RotateError::Unwritable { path: file.to_owned(), source })
}

fn report(config: &NodeConfig, chain: &DescriptorChain) -> String {
    let newest = chain.newest();
    let mut text = format!("node         {}\ndescriptor   {}, signed by its owners\n", newest.node_id, newest.sequence);
    if let Some(key) = newest.signing_keys.last() {
        let _ = writeln!(text, "signs with   {} from now on", key.key_id); // a String takes everything
    }
    let _ = write!(
        text,
        "overlap      old keys end {OVERLAP_DAYS} days after they were replaced\n\nTell the running node: systemctl reload titian-node (it takes SIGHUP). Peers that it \
         meets follow by themselves. Give {} to\nany peer that was away for years (titian peer add FILE).\n",
        config.descriptor_file().display()
    );
    text
}

/// New keys, in memory.
#[derive(Default)]
struct NewKeys {
    tls: Option<(Pin, NewCertificate)>,
    signing: Option<SecretKey>,
    log: Option<SecretKey>,
    witness: Option<SecretKey>,
    sealing: Option<SealingKey>,
}

impl NewKeys {
    fn make(which: &[Rotated], node_id: &NodeId, ambient: &Ambient) -> Result<Self, RotateError> {
        let mut new = Self::default();
        for one in which {
            match one {
                Rotated::Tls => new.tls = Some(certificate(node_id, ambient)?),
                Rotated::Signing => new.signing = Some(SecretKey::generate(ambient)),
                Rotated::Log => new.log = Some(SecretKey::generate(ambient)),
                Rotated::Witness => new.witness = Some(SecretKey::generate(ambient)),
                Rotated::Sealing => new.sealing = Some(new_sealing_key(ambient)),
            }
        }
        Ok(new)
    }

    fn rotation(&self, owners: Option<(Vec<RootKey>, u32)>) -> Rotation {
        let public = |key: &Option<SecretKey>| key.as_ref().map(SecretKey::public_bytes);
        Rotation {
            tls_pin: self.tls.as_ref().map(|(pin, _)| Digest(*pin.as_bytes())),
            signing_key: public(&self.signing),
            log_key: public(&self.log),
            witness_key: public(&self.witness),
            sealing_key: self.sealing.as_ref().map(SealingKey::public_bytes),
            owners,
        }
    }

    fn store(&self, folder: &KeyFolder) -> Result<(), KeyError> {
        let later = [(KeyName::Signing, &self.signing), (KeyName::Log, &self.log), (KeyName::Witness, &self.witness)];
        for (name, key) in later {
            key.iter().try_for_each(|key| folder.store_later(name, key))?;
        }
        self.sealing.iter().try_for_each(|key| folder.store_later_sealing(key))?;
        self.tls.iter().try_for_each(|(pin, certificate)| folder.store_later_tls(pin, certificate))
    }
}

fn certificate(node_id: &NodeId, ambient: &Ambient) -> Result<(Pin, NewCertificate), RotateError> {
    let made = self_signed(node_id, ambient.now()).map_err(RotateError::Certificate)?;
    let no_certificate = || RotateError::Certificate(rcgen::Error::CouldNotParseCertificate);
    let facts = CertificateFacts::of_pem(&made.certificate_pem).ok_or_else(no_certificate)?;
    Ok((facts.pin, made))
}
