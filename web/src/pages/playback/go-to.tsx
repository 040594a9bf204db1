/** To a time: typed with its date in the zone that is said, or one of those that are wanted often. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { boxNow } from '../../app/box-clock.ts';
import { t as shell } from '../../messages/messages.ts';
import { t } from '../../messages/playback/words.ts';
import { zoneText } from '../../timeline/zone.ts';
import { Dialog } from '../../ui/dialog.tsx';
import type { PlaybackState } from './state.ts';
import { TimeField } from './time-field.tsx';

const HOUR_MS = 3_600_000;
type GoToProps = { readonly state: PlaybackState; readonly onClose: () => void };

export function GoToDialog({ state, onClose }: GoToProps): VNode {
  const [at, setAt] = useState(Math.floor(state.playhead.peek() / 1000) * 1000);
  const go = (to: number): void => {
    state.goTo(to);
    onClose();
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={onClose}>
        {shell('common.cancel')}
      </button>
      <button type="submit" class="button primary">
        {t('go')}
      </button>
    </>
  );
  return (
    <Dialog title={t('goTo')} onClose={onClose} foot={foot} onSubmit={() => go(at)}>
      <TimeField label={t('goToText')} value={at} onChange={setAt} autoFocus />
      <p class="muted small">{t('zone', { zone: zoneText(at) })}</p>
      <div class="row wrap">
        <button type="button" class="button" onClick={() => go(state.playhead.peek() - HOUR_MS)}>
          {t('hourBack')}
        </button>
        <button type="button" class="button" onClick={() => go(dayBefore(state.playhead.peek()))}>
          {t('dayBack')}
        </button>
        <button type="button" class="button" onClick={() => go(boxNow())}>
          {t('newest')}
        </button>
      </div>
    </Dialog>
  );
}

/** The same time of the clock a day before, be that day of 23 or of 25 hours. */
function dayBefore(at: number): number {
  const day = new Date(at);
  day.setDate(day.getDate() - 1);
  return day.getTime();
}
