/** The foot of a dialog that does one thing. */
import type { ComponentChildren, VNode } from 'preact';
import { t } from '../../../messages/messages.ts';

type Props = {
  readonly onClose: () => void;
  readonly main: string;
  readonly isReady: boolean;
  readonly danger?: boolean;
  readonly busy?: boolean;
  readonly children?: ComponentChildren;
};
export function Foot({ onClose, main, isReady, danger = false, busy = false, children }: Props): VNode {
  return (
    <>
      {children}
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class={`button ${danger ? 'danger' : 'primary'}`} disabled={busy || !isReady}>
        {busy && <span class="spinner" />}
        {main}
      </button>
    </>
  );
}
