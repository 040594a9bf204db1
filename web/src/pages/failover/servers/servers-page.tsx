/** Servers of the site: how they are, adding, changing, leaving. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../../../api/client.ts';
import { messageOf } from '../../../app/toasts.tsx';
import { t } from '../../../messages/servers/words.ts';
import { Empty, Notice } from '../../../ui/dialog.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { FailoverPage } from '../failover-page.tsx';
import { Dialogs } from './dialogs.tsx';
import { FirstSteps, needsFirstSteps } from './first-steps.tsx';
import { Grid } from './grid.tsx';
import { NOTHING, type Open, type SetOpen } from './open.ts';
import { Sidebar } from './sidebar.tsx';
import { canAdd, isOwner, problem, rows, useServers } from './store.ts';
import { ThisBox } from './this-box.tsx';
import './servers.css';

export function ServersPage(): VNode {
  const [open, setOpen] = useState<Open>(NOTHING);
  useServers();
  return (
    <FailoverPage actions={<Actions onOpen={setOpen} />} fill>
      <Content onOpen={setOpen} />
      <Dialogs open={open} setOpen={setOpen} />
    </FailoverPage>
  );
}

function Actions({ onOpen }: { readonly onOpen: SetOpen }): VNode | null {
  if (!isOwner.value || rows.value === undefined) return null;
  if (!canAdd.value)
    return (
      <button type="button" class="button" onClick={() => onOpen({ kind: 'add', way: 'code' })}>
        <Icon name="key" />
        {t('enterCode')}
      </button>
    );
  return (
    <>
      <button type="button" class="button" onClick={() => onOpen({ kind: 'batch' })}>
        <Icon name="search" />
        {t('addSeveral')}
      </button>
      <button type="button" class="button primary" onClick={() => onOpen({ kind: 'add', way: 'address' })}>
        <Icon name="plus" />
        {t('addServer')}
      </button>
    </>
  );
}

function Content({ onOpen }: { readonly onOpen: SetOpen }): VNode {
  const all = rows.value;
  const wrong = problem.value;
  if (all === undefined) {
    if (wrong === undefined)
      return (
        <div class="empty" aria-busy="true">
          <span class="spinner" />
        </div>
      );
    const isForbidden = wrong instanceof ApiError && wrong.problem.status === 403;
    return <Empty icon="alert" title={t(isForbidden ? 'forbidden' : 'notTold')} text={messageOf(wrong)} />;
  }
  return (
    <div class="servers-page">
      {wrong !== undefined && <Notice tone="warn">{t('stale', { problem: messageOf(wrong) })}</Notice>}
      <ThisBox onOpen={onOpen} />
      {needsFirstSteps(all) ? (
        <FirstSteps onOpen={onOpen} />
      ) : (
        <div class="servers-split">
          <Sidebar all={all} />
          <Grid all={all} onOpen={onOpen} />
        </div>
      )}
    </div>
  );
}
