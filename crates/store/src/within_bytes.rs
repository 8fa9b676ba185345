//! Pages that are bounded in bytes.

/// Items until their bytes come to more than `bytes_max`; the first one however large it is. The rest is not asked for
/// either, except the first item that is too much.
///
/// # Errors
/// The first error among the items that are asked for.
pub fn within_bytes<T, E>(
    items: impl IntoIterator<Item = Result<T, E>>,
    bytes_max: usize,
    bytes_of: impl Fn(&T) -> usize,
) -> Result<Vec<T>, E> {
    let mut taken = Vec::new();
    let mut bytes = 0;
    for item in items {
        let item = item?;
        bytes += bytes_of(&item);
        if bytes > bytes_max && !taken.is_empty() {
            break;
        }
        taken.push(item);
    }
    Ok(taken)
}
