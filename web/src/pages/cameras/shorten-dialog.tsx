/** Fewer days than are kept: what is older goes, and that is asked before it is saved. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { now } from '../../app/stores.ts';
import { t } from '../../messages/cameras/words.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { decimal } from '../../ui/format.ts';
import { shortenedBy, type Shortened } from './shortened.ts';

export type Shortening = {
  /** `save`, or the question before it. */
  readonly asked: (save: () => Promise<void>) => Promise<void>;
  /** Beside the dialog, not in it: a form in a form would send both. */
  readonly question: VNode | undefined;
};
export function useShortening(cameras: readonly SiteCamera[], days: number): Shortening {
  /** What is saved once it was said that footage may go. */
  const [save, setSave] = useState<() => Promise<void>>();
  const shortened = shortenedBy(cameras, days, now.peek());
  const onClose = (): void => setSave(undefined);
  const onConfirm = async (): Promise<void> => {
    onClose();
    await save?.();
  };
  const dialog = <ShortenDialog cameras={shortened} {...{ days, onConfirm, onClose }} />;
  return {
    asked: async (next) => {
      if (shortened.length === 0) await next();
      else setSave(() => next);
    },
    question: save === undefined ? undefined : dialog,
  };
}

type Props = {
  readonly cameras: readonly Shortened[];
  readonly days: number;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
};
const MAX_NAMES = 8;

function ShortenDialog({ cameras, days, onConfirm, onClose }: Props): VNode {
  const wanted = decimal(days);
  const kept = decimal(Math.max(...cameras.map(({ keptDays }) => keptDays)));
  const names = cameras.slice(0, MAX_NAMES).map(({ name }) => name);
  return (
    <ConfirmDialog
      title={t('shorten.title', { days: wanted })}
      confirm={t('shorten.do')}
      onConfirm={onConfirm}
      onClose={onClose}
      danger
    >
      <p>{t('shorten.text', { kept, days: wanted })}</p>
      <p class="strong">{[...names, ...(cameras.length > MAX_NAMES ? ['…'] : [])].join(', ')}</p>
    </ConfirmDialog>
  );
}
