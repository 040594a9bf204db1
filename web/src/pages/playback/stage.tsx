/** The pictures: as many tiles as cameras are chosen, each as large as there is room. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { t } from '../../messages/playback/words.ts';
import { Empty } from '../../ui/dialog.tsx';
import { Grid } from '../live/grid.tsx';
import { PlaybackTile } from './playback-tile.tsx';
import type { PlaybackState } from './state.ts';

type StageProps = {
  readonly state: PlaybackState;
  readonly cameras: readonly SiteCamera[];
  /** False when nobody has been ticked. */
  readonly isChosen: boolean;
  readonly onExport: (() => void) | undefined;
};

export function Stage({ state, cameras, isChosen, onExport }: StageProps): VNode {
  if (!isChosen) {
    return (
      <div class="stage-empty">
        <Empty icon="playback" title={t('chooseTitle')} text={t('chooseText')} />
      </div>
    );
  }
  return (
    <Grid kind="stage" columns={Math.ceil(Math.sqrt(cameras.length))} count={cameras.length} label={t('grid')}>
      {cameras.map((camera) => (
        <PlaybackTile key={camera.id} state={state} camera={camera} onExport={onExport} />
      ))}
    </Grid>
  );
}
