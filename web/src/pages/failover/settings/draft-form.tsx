/** Around the fields of a draft: what somebody else changed, what went wrong, and the bar that saves or discards. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { say } from '../../../app/toasts.tsx';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/failover-settings/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { LeaveGuard } from '../../../ui/leave-guard.tsx';
import type { Met } from './draft.ts';
import type { DraftForm } from './use-draft.ts';

type Props = {
  readonly form: DraftForm<unknown>;
  /** Fields that cannot be sent as they are. */
  readonly troubles: number;
  readonly isEditable: boolean;
  /** How a field is called, and its value said. */
  readonly words: (name: string, text: string) => { readonly field: string; readonly value: string };
  readonly children: ComponentChildren;
};
export function DraftFormView({ form, troubles, isEditable, words, children }: Props): VNode {
  const element = useRef<HTMLFormElement>(null);
  const isChanged = isEditable && form.changed.length > 0;
  const changes = t(form.changed.length === 1 ? 'form.changedOne' : 'form.changedMany', { n: form.changed.length });
  const submit = (): void => {
    if (troubles === 0) {
      form.save();
      return;
    }
    say(t('form.troubles', { n: troubles }));
    element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  };
  return (
    <>
      <form
        ref={element}
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <FormError error={form.error} />
        {form.met.length > 0 && <MetNotice form={form} words={words} />}
        <fieldset disabled={!isEditable}>{children}</fieldset>
        {isChanged && (
          <div class="save-bar" role="group" aria-label={t('form.changes')}>
            <span class="grow">
              {changes}
              {troubles > 0 && (
                <span class="bad"> {t(troubles === 1 ? 'form.troubleOne' : 'form.troubles', { n: troubles })}</span>
              )}
            </span>
            <button type="button" class="button" disabled={form.isBusy} onClick={form.discard}>
              {t('form.discard')}
            </button>
            <button type="submit" class="button primary" disabled={form.isBusy}>
              {form.met.some(({ yours }) => yours !== undefined) ? t('form.saveMine') : shell('common.save')}
            </button>
          </div>
        )}
      </form>
      {isChanged && (
        <LeaveGuard title={t('leave.title')} text={t('leave.text', { changes })} leave={t('leave.leave')} />
      )}
    </>
  );
}

function MetNotice({ form, words }: Pick<Props, 'form' | 'words'>): VNode {
  const place = useRef<HTMLDivElement>(null);
  // It stands at the top of a form, which may be scrolled away.
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
    say(t('met.title'));
  }, [form.value]);
  return (
    <div ref={place} class="met-place">
      <Notice tone="warn">
        <p class="strong">{t('met.title')}</p>
        <p>{t('met.text')}</p>
        <ul class="met">
          {form.met.map((met) => (
            <MetField key={met.name} met={met} form={form} words={words} />
          ))}
        </ul>
      </Notice>
    </div>
  );
}

function MetField({ met, form, words }: Pick<Props, 'form' | 'words'> & { readonly met: Met }): VNode {
  const { name, yours, theirs } = met;
  const { field, value } = words(name, theirs);
  if (yours === undefined)
    return (
      <li>
        <span>
          <span class="strong">{field}</span>: {value}
        </span>
      </li>
    );
  const now = form.draft[name];
  return (
    <li>
      <span class="strong">{field}</span>
      <span class="segmented" role="group" aria-label={field}>
        <button type="button" aria-pressed={now === yours} onClick={() => form.set(name, yours)}>
          {t('met.yours', { value: words(name, yours).value })}
        </button>
        <button type="button" aria-pressed={now === theirs} onClick={() => form.set(name, theirs)}>
          {t('met.theirs', { value })}
        </button>
      </span>
    </li>
  );
}

type CardProps = { readonly title: string; readonly hint?: string; readonly children: ComponentChildren };
export function Card({ title, hint, children }: CardProps): VNode {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
      </div>
      <div class="stack">
        {hint !== undefined && <p class="muted small">{hint}</p>}
        {children}
      </div>
    </section>
  );
}
