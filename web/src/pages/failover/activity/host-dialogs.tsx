/** Taking the role of the host; using a replaced box for something new. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { activityApi, type SiteHostView } from '../../../api/activity.ts';
import { ApiError } from '../../../api/client.ts';
import { refreshServer, server } from '../../../app/stores.ts';
import { toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/ordering/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { isHostGone } from './host.tsx';
import { NamedDialog } from './named-dialog.tsx';

export function ClearDialog({
  onClose,
  refresh,
}: {
  readonly onClose: () => void;
  readonly refresh: () => void;
}): VNode {
  const name = server.value?.name ?? '';
  const clear = async (typed: string): Promise<void> => {
    await activityApi.clearReplaced(typed);
    toast(t('clear.done'));
    await refreshServer();
    refresh();
  };
  return (
    <NamedDialog
      title={t('clear.title')}
      name={name}
      confirm={t('clear.confirm')}
      danger
      onConfirm={clear}
      onClose={onClose}
    >
      <Notice tone="warn">{t('clear.text', { server: name })}</Notice>
    </NamedDialog>
  );
}

type TakeProps = { readonly view: SiteHostView; readonly onClose: () => void; readonly refresh: () => void };
/** While somebody still hears the host its name must be typed: first known here, or as the answer to trying. */
export function TakeHostDialog({ view, onClose, refresh }: TakeProps): VNode {
  const host = view.host?.name ?? '';
  const [heard, setHeard] = useState(!isHostGone(view));
  const take = async (typed: string): Promise<void> => {
    try {
      await activityApi.takeHost(heard ? typed : undefined);
    } catch (error) {
      if (error instanceof ApiError && error.problem.code === 'site/host-heard') setHeard(true);
      throw error;
    }
    toast(t('takeHost.done'));
    await refreshServer();
    refresh();
  };
  return (
    <NamedDialog
      title={t('takeHost.title', { host })}
      name={heard ? host : undefined}
      confirm={t('takeHost.confirm')}
      danger={heard}
      onConfirm={take}
      onClose={onClose}
    >
      {heard && <Notice tone="warn">{t('takeHost.heard', { host })}</Notice>}
      <ul class="act-bullets">
        <li>{t('takeHost.manages', { own: server.value?.name ?? '' })}</li>
        <li>{t('takeHost.goesOn')}</li>
        <li>{t('takeHost.accounts', { own: server.value?.name ?? '', host })}</li>
        <li>{t('takeHost.back', { host })}</li>
      </ul>
    </NamedDialog>
  );
}
