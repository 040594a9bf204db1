/** Switches the sound of one camera on and off; where there is none to be heard it says why. */
import type { VNode } from 'preact';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/live/words.ts';
import { Icon } from '../../ui/icon.tsx';
import { heard } from './heard.ts';

type Props = { readonly id: string; readonly name: string; readonly silence: string | undefined };

export function SoundButton({ id, name, silence }: Props): VNode {
  const isHeard = heard.value === id;
  const label = t('sound.of', { name });
  return (
    <button
      type="button"
      class="tile-button"
      aria-pressed={isHeard}
      aria-disabled={silence !== undefined && !isHeard}
      aria-label={silence === undefined ? label : `${label}: ${silence}`}
      title={silence ?? label}
      onClick={() => switchSound({ id, name, silence })}
    >
      <Icon name={isHeard ? 'sound' : 'soundOff'} />
    </button>
  );
}

/** Also by key. The button stays in reach of the keyboard and says its reason where nothing hovers. */
export function switchSound({ id, name, silence }: Props): void {
  if (heard.peek() === id) heard.value = undefined;
  else if (silence === undefined) heard.value = id;
  else toast(`${t('sound.of', { name })}: ${silence}`);
}
