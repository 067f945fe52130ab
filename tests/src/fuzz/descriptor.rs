//! Descriptors: from the file that two unions exchange to what the newest one says.

use titian_proto::model::descriptor::{Descriptor, DescriptorChain};

use super::assert_same;

/// Takes the bytes as one descriptor, as a chain, and as the text of a file.
pub fn enter(bytes: &[u8]) -> bool {
    let descriptor = Descriptor::parse(bytes);
    if let Ok(descriptor) = &descriptor {
        assert_same(descriptor, Descriptor::parse(&descriptor.encode()));
    }
    let chain = DescriptorChain::parse(bytes);
    if let Ok(chain) = &chain {
        follow(chain);
    }
    let file = std::str::from_utf8(bytes).ok().and_then(|text| DescriptorChain::from_file(text).ok());
    if let Some(chain) = &file {
        follow(chain);
        assert_same(chain, DescriptorChain::from_file(&chain.to_file()));
    }
    descriptor.is_ok() || chain.is_ok() || file.is_some()
}

fn follow(chain: &DescriptorChain) {
    assert_same(chain, DescriptorChain::parse(&chain.encode()));
    assert!(chain.continues(chain));
    assert!(chain.descriptors().count() <= DescriptorChain::COUNT_MAX);
    assert!(!chain.fingerprint().to_string().is_empty());
}
