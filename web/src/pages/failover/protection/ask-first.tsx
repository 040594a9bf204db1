/** Before a change that costs something: nobody covers a camera any more, or its stream is fetched twice. */
import type { VNode } from 'preact';
import { t } from '../../../messages/protection/words.ts';
import { ConfirmDialog, Notice } from '../../../ui/dialog.tsx';
import { levelWord, priorityWord } from './cells.tsx';
import type { Camera, Edit } from './model.ts';

const NAMED = 8;

export const needsAsking = (cameras: readonly Camera[], { priority, standbyLevel }: Edit): boolean =>
  (priority === 'never' && cameras.some((camera) => camera.priority !== 'never')) ||
  (standbyLevel === 'hot' && cameras.some((camera) => camera.standbyLevel !== 'hot'));

type Props = {
  readonly cameras: readonly Camera[];
  readonly change: Edit;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
};
export function AskFirst({ cameras, change, onConfirm, onClose }: Props): VNode {
  const isNever = change.priority === 'never';
  const value = isNever ? priorityWord('never') : levelWord('hot');
  const names = cameras.slice(0, NAMED).map(({ name }) => name);
  const more = cameras.length - names.length;
  return (
    <ConfirmDialog
      title={t(isNever ? 'ask.neverTitle' : 'ask.hotTitle', { value })}
      confirm={t(cameras.length === 1 ? 'ask.confirmOne' : 'ask.confirmMany', { n: cameras.length })}
      onClose={onClose}
      onConfirm={async () => {
        await onConfirm();
        onClose();
      }}
    >
      <p class="strong">
        {names.join(', ')}
        {more > 0 && ` ${t('ask.more', { n: more })}`}
      </p>
      <Notice tone="warn">{t(isNever ? 'ask.neverText' : 'ask.hotText')}</Notice>
    </ConfirmDialog>
  );
}
