/** The box's wall clock, as far as this browser can tell: its own may be another. Belongs here: reading and setting it; what a second is shown as, does not. */
import { signal } from '@preact/signals';

/** Milliseconds that the box's clock is ahead of the browser's. */
const offset = signal(0);
/** A look at the clock is no better than the link's delay: it is not set anew for less. */
const TOLERANCE_MS = 500;

/** Milliseconds since 1970. */
export const boxNow = (): number => Date.now() + offset.peek();

/** `told`: what the box's clock was some time between `sent` and `arrived` of this browser's; all milliseconds since 1970. */
export function setBoxClock(told: number, sent: number, arrived: number): void {
  const seen = told - (sent + arrived) / 2;
  if (Math.abs(seen - offset.peek()) > TOLERANCE_MS) offset.value = seen;
}
