/** A camera's state as a chip: colour, dot and word. */
import type { VNode } from 'preact';
import type { Camera } from '../api/api.ts';
import { t, tOr } from '../messages/messages.ts';

const TONES: Readonly<Record<Camera['state'], string>> = {
  recording: 'good',
  watching: 'info',
  connecting: 'warn',
  failed: 'bad',
  disabled: '',
};

export function StateChip({ camera }: { readonly camera: Camera }): VNode {
  return (
    <span class={`chip ${TONES[camera.state]}`} title={problemOf(camera)}>
      <span class="dot" />
      {t(`state.${camera.state}`)}
    </span>
  );
}

/** What is wrong, in the box's words or the cause's. */
export function problemOf(camera: Camera): string | undefined {
  const failed = camera.streams.find(({ state, cause }) => state === 'failed' || cause !== undefined);
  if (failed === undefined) return undefined;
  return failed.message ?? (failed.cause === undefined ? undefined : tOr(`cause.${failed.cause}`, failed.cause));
}
