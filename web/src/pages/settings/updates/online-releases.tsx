/** Releases from a web server that the owner names: which there are, and fetching one. Nothing is installed by that. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../../../api/client.ts';
import { updates, type OnlineRelease, type OnlineReleases as Online } from '../../../api/updates.ts';
import { attempt, messageOf, toast } from '../../../app/toasts.tsx';
import { t as word } from '../../../messages/messages.ts';
import { t } from '../../../messages/settings/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { FormError, TextField } from '../../../ui/field.tsx';
import { dateAndTime, size } from '../../../ui/format.ts';
import { useOneAtATime } from '../../../ui/one-at-a-time.ts';

type Props = { readonly online: Online | undefined; readonly onChange: () => void };

export function OnlineReleases({ online, onChange }: Props): VNode {
  const [editing, setEditing] = useState(false);
  const { busy, run } = useOneAtATime();
  const look = async (): Promise<void> => {
    try {
      await updates.look();
    } catch (error) {
      // What the place answers stands in the box's own view, for whoever looks later as well.
      if (!(error instanceof ApiError && error.problem.code === 'updates/source')) toast(messageOf(error), 'bad');
    }
    onChange();
  };
  const onSaved = async (isSet: boolean): Promise<void> => {
    setEditing(false);
    if (isSet) await look();
    else onChange();
  };
  return (
    <fieldset class="stack settings-part">
      <legend>{t('online.title')}</legend>
      {online === undefined && !editing && <p class="muted small">{t('online.none')}</p>}
      {online !== undefined && !editing && <Place {...{ online, onChange }} />}
      {editing ? (
        <SourceForm source={online?.source ?? ''} onSaved={onSaved} onClose={() => setEditing(false)} />
      ) : (
        <div class="row">
          {online !== undefined && (
            <button type="button" class="button" disabled={busy} onClick={() => void run(look)}>
              {t('online.look')}
            </button>
          )}
          {busy && <progress aria-label={t('online.look')} />}
          <button type="button" class="button" onClick={() => setEditing(true)}>
            {t(online === undefined ? 'online.name' : 'online.change')}
          </button>
        </div>
      )}
    </fieldset>
  );
}

type PlaceProps = { readonly online: Online; readonly onChange: () => void };
function Place({ online, onChange }: PlaceProps): VNode {
  const { source, lookedAt, releases, fetching, problem } = online;
  const offered = releases.filter(({ beside, kept }) => beside === 'newer' && !kept);
  return (
    <>
      <p class="mono small cut">{source}</p>
      {problem !== undefined && <Notice tone="warn">{problem}</Notice>}
      {lookedAt !== undefined && offered.length === 0 && fetching === undefined && (
        <p class="muted small">{t('online.nothing', { at: dateAndTime(Date.parse(lookedAt)) })}</p>
      )}
      {offered.length > 0 && (
        <ul class="list releases" aria-label={t('online.offered')}>
          {offered.map((one) => (
            <Offered key={one.version} {...{ one, fetching, onChange }} />
          ))}
        </ul>
      )}
    </>
  );
}

type OfferedProps = {
  readonly one: OnlineRelease;
  readonly fetching: Online['fetching'];
  readonly onChange: () => void;
};
function Offered({ one, fetching, onChange }: OfferedProps): VNode {
  const { version, bytes, builtAt } = one;
  const { busy, run } = useOneAtATime();
  const order = async (work: () => Promise<unknown>): Promise<void> => {
    if (await attempt(work)) onChange();
  };
  return (
    <li class="wrap">
      <div class="grow">
        <strong>{version}</strong>
        <div class="muted small">{t('updates.facts', { size: size(bytes), at: dateAndTime(Date.parse(builtAt)) })}</div>
      </div>
      {fetching?.version === version ? (
        <>
          <progress value={fetching.received} max={fetching.bytes} aria-label={t('online.fetching', { version })} />
          <button type="button" class="button" onClick={() => void order(() => updates.breakOffFetch())}>
            {word('common.cancel')}
          </button>
        </>
      ) : (
        <button
          type="button"
          class="button primary"
          disabled={busy || fetching !== undefined}
          onClick={() => void run(() => order(() => updates.fetch(version)))}
        >
          {t('online.fetch', { version })}
        </button>
      )}
    </li>
  );
}

type FormProps = {
  readonly source: string;
  readonly onSaved: (isSet: boolean) => Promise<void>;
  readonly onClose: () => void;
};
function SourceForm({ source, onSaved, onClose }: FormProps): VNode {
  const [text, setText] = useState(source);
  const [error, setError] = useState<unknown>();
  const { busy, run } = useOneAtATime();
  const save = async (): Promise<void> => {
    const typed = text.trim();
    try {
      await updates.setSource(typed === '' ? null : typed);
    } catch (problem) {
      return setError(problem);
    }
    await onSaved(typed !== '');
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void run(save);
      }}
    >
      <FormError error={error} />
      <TextField label={t('online.source')} hint={t('online.hint')} value={text} onInput={setText} autoFocus />
      <div class="row end">
        <button type="button" class="button" onClick={onClose}>
          {word('common.cancel')}
        </button>
        <button type="submit" class="button primary" disabled={busy}>
          {word('common.save')}
        </button>
      </div>
    </form>
  );
}
