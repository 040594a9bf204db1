/** A stop that R asked to be relieved for: when it is answered, with what, and when it is forgotten. What it covers is settle.ts. */
import { keyOf } from './cover-reasons.ts';
import { log, update } from './draft.ts';
import type { Draft } from './draft.ts';

/** A planned hand-over is answered after so long in any case, and forgotten when R did not stop after it. */
export const PLANNED_WAIT_MS = 10_000;
export const PLANNED_MAX_MS = 60_000;

export function settlePlanned(draft: Draft): void {
  const { planned, roster, wanted } = draft.state;
  if (planned === undefined) return;
  const waited = draft.at - planned.since;
  const missing = roster.filter((stream) => wanted[keyOf(stream)]?.covered !== true);
  // Without a settings backup nothing is known to be missing, and nothing is recorded.
  const isReady = roster.length > 0 && missing.length === 0;
  if (!planned.answered && (isReady || waited >= PLANNED_WAIT_MS)) {
    update(draft, { planned: { ...planned, answered: true } });
    const covered = Object.values(wanted).flatMap((one) => (one.covered ? [one.stream] : []));
    draft.effects.push({ kind: 'handover-ready', id: planned.id, covered, missing });
    tell(draft, isReady, missing.length);
  }
  if (waited < planned.holdMs) return;
  update(draft, { planned: undefined });
  log(draft, 'warning', 'handover-over', 'The server asked to be relieved and did not stop: its cameras go back.');
}

function tell(draft: Draft, isReady: boolean, missing: number): void {
  const words = isReady
    ? 'All its cameras are recorded here: the server may stop.'
    : missing === 0
      ? 'There is no settings backup of this server: none of its cameras is recorded here.'
      : `${missing} of its streams are not recorded here: whatever they miss while the server is stopped is lost.`;
  log(draft, isReady ? 'info' : 'warning', 'handover-ready', words);
}
