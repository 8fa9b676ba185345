/** Preferences in the browser's storage, which may be forbidden or full; the page then forgets them and works on. */

export function readStored(key: string): string | null {
  try {
    return window.localStorage.getItem(key)
  } catch {
    return null
  }
}

export function writeStored(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value)
  } catch {
    // Nothing to tell the user: the choice holds for this visit, which is all that was asked for.
  }
}
