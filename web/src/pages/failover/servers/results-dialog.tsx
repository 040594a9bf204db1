/** What became of each of several servers. */
import type { VNode } from 'preact';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/servers/words.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { Icon } from '../../../ui/icon.tsx';
import type { DialogPart } from './dialogs.tsx';

export function ResultsDialog({ open: { action, results }, onClose }: DialogPart<'results'>): VNode {
  const done = results.filter(({ ok }) => ok).length;
  const foot = (
    <button type="button" class="button primary" onClick={onClose}>
      {shell('common.close')}
    </button>
  );
  return (
    <Dialog title={t(`do.${action}`)} onClose={onClose} foot={foot}>
      <p>{t('results', { done, all: results.length })}</p>
      <ul class="outcomes">
        {results.map(({ id, name, ok, message }) => (
          <li key={id}>
            <span class={ok ? 'good' : 'bad'}>
              <Icon name={ok ? 'check' : 'close'} />
              <span class="hidden-text">{t(ok ? 'result.ok' : 'result.failed')}</span>
            </span>
            <span class="strong cut">{name}</span>
            {message !== undefined && <p class={ok ? 'muted' : 'bad'}>{message}</p>}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
