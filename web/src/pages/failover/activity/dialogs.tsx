/** The dialogs of the page, loaded when the first is opened. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { eachOf, type Activity } from './activity-data.ts';
import { HandOverDialog } from './hand-over-dialog.tsx';
import { ClearDialog, TakeHostDialog } from './host-dialogs.tsx';
import type { Open, Opened } from './parts.tsx';
import { ReplaceWizard } from './replace-wizard.tsx';
import { StopDialog } from './stop-dialog.tsx';
import { TakeOverDialog } from './take-over-dialog.tsx';
import { WatchedDetail } from './watched-detail.tsx';

type Props = {
  readonly opened: Opened;
  readonly activity: Activity;
  readonly open: Open;
  readonly refresh: () => void;
  readonly onClose: () => void;
};
export function Dialogs({ opened, activity, open, refresh, onClose }: Props): VNode | null {
  const { spares, host } = activity;
  switch (opened.kind) {
    case 'take-over':
      return <TakeOverDialog server={opened.server} spares={spares} onClose={onClose} refresh={refresh} />;
    case 'hand-over':
      return <HandOverDialog {...opened} onClose={onClose} refresh={refresh} />;
    case 'stop': {
      const spare = spares.find(({ id }) => id === opened.spare.id) ?? opened.spare;
      return <StopDialog spare={spare} restoration={opened.restoration} onClose={onClose} refresh={refresh} />;
    }
    case 'replace':
      return <ReplaceWizard {...opened} activity={activity} onClose={onClose} refresh={refresh} />;
    case 'detail':
      return <Detail opened={opened} spares={spares} open={open} refresh={refresh} onClose={onClose} />;
    case 'take-host':
      return <TakeHostDialog view={host} onClose={onClose} refresh={refresh} />;
    case 'clear':
      return <ClearDialog onClose={onClose} refresh={refresh} />;
    default:
      return opened satisfies never;
  }
}

type DetailProps = Pick<Props, 'open' | 'refresh' | 'onClose'> & {
  readonly opened: Extract<Opened, { readonly kind: 'detail' }>;
  readonly spares: Activity['spares'];
};
/** What was told last stays while its failover server does not answer; it closes when that one knows it no more. */
function Detail({ opened: { spareId, serverId }, spares, open, refresh, onClose }: DetailProps): VNode | null {
  const all = eachOf(spares, (facts) => facts.watched);
  const found = all.find(({ spare, item }) => spare.id === spareId && item.id === serverId);
  const last = useRef(found);
  if (found !== undefined) last.current = found;
  const isAway = spares.some(({ id, facts }) => id === spareId && facts === undefined);
  const shown = found ?? (isAway ? last.current : undefined);
  const isGone = shown === undefined;
  useEffect(() => {
    if (isGone) onClose();
  }, [isGone]);
  return isGone ? null : <WatchedDetail found={shown} open={open} refresh={refresh} onClose={onClose} />;
}
