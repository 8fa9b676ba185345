/** The server's time: its clock may have been wound, and what it records carries that time. */

let ahead = 0

/** Says how far the server's clock is ahead of this machine's, in milliseconds. */
export function setAhead(millis: number): void {
  ahead = millis
}

/** Epoch milliseconds as the server's clock has them. */
export const serverNow = (): number => Date.now() + ahead
