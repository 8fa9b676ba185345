//! Compression, as tight as it gets: a package is made once and downloaded often.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use liblzma::write::XzEncoder;

/// Bytes that the compressor looks back: a binary repeats itself from end to end.
const XZ_WINDOW: u32 = 64 * 1024 * 1024;

/// Gzip, for npm and PyPI, which know nothing better. Without a time of its own.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    encoder.write_all(bytes).context("compress with gzip")?;
    encoder.finish().context("compress with gzip")
}

/// Xz.
pub fn xz(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut options = LzmaOptions::new_preset(9).context("set up xz")?;
    options.dict_size(XZ_WINDOW);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    let stream = Stream::new_stream_encoder(&filters, Check::Crc64).context("set up xz")?;
    let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(bytes).context("compress with xz")?;
    encoder.finish().context("compress with xz")
}
