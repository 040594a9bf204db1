/** The dialogs of the page, loaded when the first is opened. */
import type { VNode } from 'preact';
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
    case 'detail': {
      const all = eachOf(spares, (facts) => facts.watched);
      const found = all.find(({ spare, item }) => spare.id === opened.spareId && item.id === opened.serverId);
      return found === undefined ? null : (
        <WatchedDetail found={found} open={open} refresh={refresh} onClose={onClose} />
      );
    }
    case 'take-host':
      return <TakeHostDialog view={host} onClose={onClose} refresh={refresh} />;
    case 'clear':
      return <ClearDialog onClose={onClose} refresh={refresh} />;
    default:
      return opened satisfies never;
  }
}
