//! Compression.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, GzBuilder};
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use liblzma::write::XzEncoder;

use crate::release::Release;
use crate::target::Machine;

/// How much work is put into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// As tight as it gets: a package is made once and downloaded often.
    Tight,
    /// For trials.
    Quick,
}

impl Effort {
    /// The level of gzip, zip and xz.
    pub fn level(self) -> u32 {
        match self {
            Self::Tight => 9,
            Self::Quick => 1,
        }
    }
}

/// Bytes that the compressor looks back: a binary repeats itself from end to end.
const XZ_WINDOW: u32 = 64 * 1024 * 1024;

/// The same for brotli, by the exponent of two: the most that every decoder knows.
const BROTLI_WINDOW_BITS: i32 = 24;

/// Gzip, as npm has its archives. Without a time of its own.
pub fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::new(effort.level()));
    encoder.write_all(bytes).context("compress with gzip")?;
    encoder.finish().context("compress with gzip")
}

/// Brotli, which Node.js unpacks by itself.
pub fn brotli(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: match effort {
            Effort::Tight => 11,
            Effort::Quick => 1,
        },
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: bytes.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)
        .context("compress with brotli")?;
    Ok(packed)
}

/// Xz. Programs of x86 are a sixteenth smaller when the targets of calls are written from the program's beginning.
pub fn xz(bytes: &[u8], release: &Release) -> Result<Vec<u8>> {
    let effort = release.effort;
    let mut options = LzmaOptions::new_preset(effort.level()).context("set up xz")?;
    if effort == Effort::Tight {
        options.dict_size(XZ_WINDOW);
    }
    let mut filters = Filters::new();
    match release.target.machine {
        Machine::X86_64 => filters.x86(),
        // The filter for it is younger than some of the programs that unpack this.
        Machine::Arm64 => &mut filters,
    };
    filters.lzma2(&options);
    let stream = Stream::new_stream_encoder(&filters, Check::Crc64).context("set up xz")?;
    let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(bytes).context("compress with xz")?;
    encoder.finish().context("compress with xz")
}
