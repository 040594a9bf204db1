/** Keeps the picture of now, beside the footage; says so on itself, for nothing else is seen in full screen. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { takeSnapshot } from '../../api/snapshots.ts';
import { can } from '../../app/session.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/live/words.ts';
import { Icon } from '../../ui/icon.tsx';

const SHOWN_MS = 2000;

type Props = { readonly id: string; readonly name: string };
export function SnapshotButton({ id, name }: Props): VNode | null {
  const [state, setState] = useState<'idle' | 'busy' | 'done'>('idle');
  if (!can('export')) return null;
  const take = async (): Promise<void> => {
    setState('busy');
    const isDone = await attempt(async () => await takeSnapshot(id));
    setState(isDone ? 'done' : 'idle');
    if (!isDone) return;
    const to = `/snapshots?camera=${encodeURIComponent(id)}`;
    toast(t('snapshot.taken', { name }), 'good', { to, text: t('snapshot.show') });
    setTimeout(() => setState('idle'), SHOWN_MS);
  };
  const label = t('snapshot.take', { name });
  return (
    <button
      type="button"
      class="tile-button"
      aria-label={label}
      title={label}
      disabled={state === 'busy'}
      onClick={() => void take()}
    >
      <Icon name={state === 'done' ? 'check' : 'camera'} />
    </button>
  );
}
