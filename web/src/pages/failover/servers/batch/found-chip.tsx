/** Whether a server that was found can be added, as a chip. */
import type { VNode } from 'preact';
import { t } from '../../../../messages/adding/words.ts';
import type { FoundState, refusalOf } from './row-state.ts';

export type ChipState = FoundState | ReturnType<typeof refusalOf> | 'done';
const TONES: Readonly<Record<ChipState, string>> = {
  available: 'good',
  done: 'good',
  added: 'info',
  off: 'warn',
  older: 'warn',
  foreign: 'warn',
  locked: 'warn',
  incompatible: '',
  failed: 'bad',
};

export function FoundChip({ state }: { readonly state: ChipState }): VNode {
  return (
    <span class={`chip ${TONES[state]}`} title={t(`found.${state}.text`)}>
      <span class="dot" />
      {t(`found.${state}`)}
    </span>
  );
}
