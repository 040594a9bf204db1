/** Stored snapshots of a camera: pictures, when, by whom and why; taking one, deleting one. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { deleteSnapshotAt, keeperOf, pictureAt, snapshotsAt, takeSnapshot } from '../../api/snapshots.ts';
import type { SnapshotPage, StoredSnapshot } from '../../api/snapshots.ts';
import { playbackLink } from '../../app/playback-link.ts';
import { query, setQuery } from '../../app/router.ts';
import { can } from '../../app/session.ts';
import { Page } from '../../app/shell.tsx';
import { cameraById, cameras } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/snapshots/words.ts';
import { ConfirmDialog, Empty, Notice, Waiting } from '../../ui/dialog.tsx';
import { dateAndTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import './snapshots.css';

export function SnapshotsPage(): VNode {
  const all = cameras.value;
  const chosen = cameraById(query.value.get('camera') ?? '') ?? all?.[0];
  if (all === undefined)
    return (
      <Page title={t('title')}>
        <Waiting />
      </Page>
    );
  if (chosen === undefined)
    return (
      <Page title={t('title')}>
        <Empty icon="camera" title={t('noCameraTitle')} text={t('noCameraText')} />
      </Page>
    );
  const choice = (
    <select
      class="snapshot-camera"
      aria-label={t('camera')}
      value={chosen.id}
      onChange={(event) => setQuery({ camera: event.currentTarget.value })}
    >
      {all.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
  return (
    <Page title={t('title')} actions={choice}>
      <Snapshots key={chosen.id} camera={chosen} keeper={keeperOf(chosen)} />
    </Page>
  );
}

type Props = { readonly camera: SiteCamera; readonly keeper: string | undefined };
function Snapshots({ camera, keeper }: Props): VNode {
  const [listed, setListed] = useState<{ readonly keeper: string; readonly page: SnapshotPage }>();
  /** Only the answer to the last question counts. */
  const asked = useRef(0);
  const load = async (after?: SnapshotPage): Promise<void> => {
    asked.current += 1;
    const mine = asked.current;
    if (keeper === undefined) return;
    await attempt(async () => {
      const next = await snapshotsAt(keeper, camera.id, after?.next);
      const page = { ...next, items: [...(after?.items ?? []), ...next.items] };
      if (asked.current === mine) setListed({ keeper, page });
    });
  };
  useEffect(() => void load(), [keeper]);
  return (
    <>
      {/* It stays where it is: what was typed there outlives a server that is away for a moment. */}
      {can('export') && <Take camera={camera} onTaken={load} isAway={keeper === undefined} />}
      {keeper === undefined ? (
        <Notice tone="warn">{t('unreachable', { server: camera.server.name })}</Notice>
      ) : (
        <Stored key={keeper} {...{ camera, keeper, load }} page={listed?.keeper === keeper ? listed.page : undefined} />
      )}
    </>
  );
}

type StoredProps = {
  readonly camera: SiteCamera;
  readonly keeper: string;
  readonly page: SnapshotPage | undefined;
  readonly load: (after?: SnapshotPage) => Promise<void>;
};
function Stored({ camera, keeper, page, load }: StoredProps): VNode {
  const [gone, setGone] = useState<StoredSnapshot>();
  const drop = async (one: StoredSnapshot): Promise<void> => {
    if (!(await attempt(async () => await deleteSnapshotAt(keeper, one)))) return;
    toast(t('deleted'));
    await load();
    setGone(undefined); // last: the focus goes back to what is still there
  };
  return (
    <>
      {page?.away.map((name) => (
        <Notice key={name} tone="warn">
          {t('away', { server: name })}
        </Notice>
      ))}
      {page === undefined && <Waiting />}
      {page?.items.length === 0 && (
        <Empty icon="camera" title={t('emptyTitle', { name: camera.name })} text={t('emptyText')} />
      )}
      <ul class="snapshots">
        {page?.items.map((one) => (
          <Shown key={one.id} {...{ camera, one }} url={pictureAt(keeper, one)} onDelete={() => setGone(one)} />
        ))}
      </ul>
      {page?.next !== undefined && (
        <button type="button" class="button" onClick={() => void load(page)}>
          {t('more')}
        </button>
      )}
      {gone !== undefined && (
        <ConfirmDialog
          title={t('deleteTitle')}
          confirm={t('delete')}
          danger
          onConfirm={async () => await drop(gone)}
          onClose={() => setGone(undefined)}
        >
          <p>{t('deleteText', { time: timeOf(gone) })}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

const timeOf = ({ at }: StoredSnapshot): string => dateAndTime(Date.parse(at));

type TakeProps = {
  readonly camera: SiteCamera;
  readonly onTaken: () => Promise<void>;
  /** Nobody can take one now. */
  readonly isAway: boolean;
};
function Take({ camera, onTaken, isAway }: TakeProps): VNode {
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const take = async (): Promise<void> => {
    setBusy(true);
    const isDone = await attempt(async () => await takeSnapshot(camera.id, note.trim()));
    setBusy(false);
    if (!isDone) return;
    setNote((now) => (now === note ? '' : now));
    toast(t('taken'));
    await onTaken();
  };
  return (
    <form
      class="snapshot-take"
      onSubmit={(event) => {
        event.preventDefault();
        void take();
      }}
    >
      <label class="field">
        {t('note')}
        <input
          type="text"
          maxLength={200}
          placeholder={t('noteHelp')}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button primary" disabled={busy || isAway}>
        <Icon name="camera" />
        {t('take')}
      </button>
    </form>
  );
}

type ShownProps = {
  readonly camera: SiteCamera;
  readonly one: StoredSnapshot;
  readonly url: string;
  readonly onDelete: () => void;
};
function Shown({ camera, one, url, onDelete }: ShownProps): VNode {
  const { mediaType, note, user, takenBy, keptBy } = one;
  const time = timeOf(one);
  const label = t('picture', { name: camera.name, time });
  const link = playbackLink({ cameras: [camera.id], at: Date.parse(one.at) });
  return (
    <li>
      <a href={url} target="_blank" rel="noreferrer" aria-label={label}>
        {mediaType === 'image/jpeg' ? (
          <img src={url} alt={label} loading="lazy" />
        ) : (
          <video src={url} muted playsInline preload="metadata" tabIndex={-1} />
        )}
      </a>
      <div class="row">
        <a class="grow strong" href={link} title={t('play')}>
          {time}
        </a>
        {can('export') && (
          <button type="button" class="button quiet icon-only" aria-label={t('deleteOne', { time })} onClick={onDelete}>
            <Icon name="trash" />
          </button>
        )}
      </div>
      {note !== undefined && <p>{note}</p>}
      <p class="muted small">
        {t('by', { user })}
        {takenBy.serverId !== camera.server.id && `, ${t('at', { server: takenBy.name })}`}
        {keptBy !== undefined && `, ${t('kept', { server: keptBy.name })}`}
      </p>
    </li>
  );
}
