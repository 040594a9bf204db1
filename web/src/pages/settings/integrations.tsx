/** For scripts and other systems: metrics, the document of the API, names under which the box may be reached. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { z } from 'zod';
import type { serverOptions } from '../../../../src/api/contract/server.ts';
import { API, getTagged, patchTagged, type Tagged } from '../../api/client.ts';
import { access } from '../../app/session.ts';
import { attempt, messageOf, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { CheckField } from '../../ui/field.tsx';
import { useOneAtATime } from '../../ui/one-at-a-time.ts';

type Options = z.infer<typeof serverOptions>;

export function Integrations(): VNode {
  const [known, setKnown] = useState<Tagged<Options>>();
  const options = known?.value;
  const read = (): void => void attempt(async () => setKnown(await getTagged<Options>('/server/settings')));
  useEffect(read, []);
  const change = async (by: Partial<Options>): Promise<boolean> => {
    try {
      setKnown(await patchTagged<Options>('/server/settings', by, known?.tag));
      toast(word('integrations.saved'));
      return true;
    } catch (error) {
      toast(messageOf(error), 'bad');
      read(); // somebody else has changed it, perhaps
      return false;
    }
  };
  const isOwner = access.value.kind === 'signed-in' && access.value.session.user.role === 'owner';
  return (
    <section class="card" aria-labelledby="integrations">
      <div class="card-head">
        <h2 id="integrations">{word('integrations.title')}</h2>
      </div>
      <Address what={word('integrations.metrics')} path="/metrics" text={word('integrations.metricsText')} />
      {isOwner && options !== undefined && (
        <CheckField
          label={word('integrations.open')}
          hint={word('integrations.openHint')}
          checked={options.openMetrics}
          onChange={(openMetrics) => void change({ openMetrics })}
        />
      )}
      <Address what={word('integrations.api')} path={`${API}/openapi.json`} text={word('integrations.apiText')} />
      {isOwner && options !== undefined && (
        <HostNames names={options.allowedHosts} onSave={(allowedHosts) => change({ allowedHosts })} />
      )}
    </section>
  );
}

type AddressProps = { readonly what: string; readonly path: string; readonly text: string };
function Address({ what, path, text }: AddressProps): VNode {
  const url = `${location.origin}${path}`;
  return (
    <div class="address">
      <p class="row">
        <span class="strong">{what}</span>
        <a class="mono small grow cut" href={path} target="_blank" rel="noreferrer">
          {url}
        </a>
        <CopyButton what={what} text={url} />
      </p>
      <p class="muted small">{text}</p>
    </div>
  );
}

type NamesProps = { readonly names: readonly string[]; readonly onSave: (names: string[]) => Promise<boolean> };
function HostNames({ names, onSave }: NamesProps): VNode {
  const [text, setText] = useState<string>();
  const shown = text ?? names.join('\n');
  const { busy, run } = useOneAtATime();
  const save = async (): Promise<void> => {
    if (await onSave(shown.split(/\s+/).filter((name) => name !== '')))
      setText((now) => (now === text ? undefined : now));
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
      <div class="field">
        <label for="host-names">{word('integrations.hosts')}</label>
        <textarea
          id="host-names"
          rows={2}
          value={shown}
          spellcheck={false}
          aria-describedby="host-names-hint"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <span class="hint" id="host-names-hint">
          {word('integrations.hostsHint')}
        </span>
      </div>
      {text !== undefined && (
        <div class="row end">
          <button type="submit" class="button" disabled={busy}>
            {t('common.save')}
          </button>
        </div>
      )}
    </form>
  );
}
