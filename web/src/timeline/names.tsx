/** The left of the timeline: what is looked for, the servers, and the cameras to tick. Rows far from sight are left out. */
import type { VNode } from 'preact';
import { t } from '../messages/playback/words.ts';
import { Icon } from '../ui/icon.tsx';
import { windowOf } from '../ui/window.ts';
import { ROW_HEIGHT } from './painter.ts';
import type { Row, ServerRow } from './rows.ts';

export type Picker = {
  readonly rows: readonly Row[];
  readonly chosen: readonly string[];
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onToggle: (cameraId: string) => void;
  readonly onFold: (serverId: string) => void;
};
type NamesProps = Picker & { readonly scrolled: number; readonly height: number };

export function Names(props: NamesProps): VNode {
  const { rows, text, onText, scrolled, height } = props;
  const { from, to, before, after } = windowOf(rows.length, ROW_HEIGHT, { top: scrolled, height });
  return (
    <div class="tl-names">
      <input
        type="search"
        class="tl-find"
        aria-label={t('find')}
        placeholder={t('find')}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onText('');
        }}
      />
      <ul aria-label={t('cameras')}>
        {before > 0 && <li aria-hidden="true" style={{ height: `${before}px` }} />}
        {rows.slice(from, to).map((row) => (
          <Name key={row.kind === 'camera' ? row.camera.id : row.server.id} {...props} row={row} />
        ))}
        {after > 0 && <li aria-hidden="true" style={{ height: `${after}px` }} />}
      </ul>
      {rows.length === 0 && <p class="tl-none muted small">{t('findNone')}</p>}
    </div>
  );
}

function Name({ row, chosen, onToggle, onFold }: Picker & { readonly row: Row }): VNode {
  if (row.kind === 'server') return <Server row={row} onFold={onFold} />;
  const { id, name } = row.camera;
  return (
    <li>
      <label class="check" title={name}>
        <input type="checkbox" checked={chosen.includes(id)} onChange={() => onToggle(id)} />
        <span class="cut">{name}</span>
      </label>
    </li>
  );
}

function Server({ row, onFold }: { readonly row: ServerRow; readonly onFold: Picker['onFold'] }): VNode {
  const { server, connected, count, folded } = row;
  return (
    <li class="tl-server">
      <button
        type="button"
        aria-expanded={!folded}
        title={t(folded ? 'unfold' : 'fold', { name: server.name })}
        onClick={() => onFold(server.id)}
      >
        <span class={folded ? 'folded' : 'unfolded'}>
          <Icon name="chevronRight" />
        </span>
        <span class="cut">{server.name}</span>
        {connected ? <span class="muted">{count}</span> : <span class="warn">{t('serverAway')}</span>}
      </button>
    </li>
  );
}
