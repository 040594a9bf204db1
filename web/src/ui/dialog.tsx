/** Dialogs on the native <dialog>: it traps the focus, closes on Escape, and gives the focus back where it came from. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../messages/messages.ts';
import { giveBack, keepFocus } from './focus.ts';
import { Icon, type IconName } from './icon.tsx';

type DialogProps = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly foot?: ComponentChildren;
  readonly wide?: boolean;
  /** At the side, from top to bottom. */
  readonly drawer?: boolean;
  /** Wraps body and foot in a form, so that Enter does the main thing. */
  readonly onSubmit?: () => void;
};

export function Dialog({ title, onClose, children, foot, wide, drawer, onSubmit }: DialogProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Before it is painted: who opened it has the focus still.
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      giveBack(before);
    };
  }, []);
  useEffect(() => keepFocus(element.current?.querySelector<HTMLElement>('.dialog-body')));
  const inner = (
    <>
      <div class="dialog-body" tabIndex={0} role="group" aria-labelledby={heading}>
        {children}
      </div>
      {foot !== undefined && <div class="dialog-foot">{foot}</div>}
    </>
  );
  return (
    <dialog
      ref={element}
      class={drawer ? 'drawer' : wide ? 'wide' : ''}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="button quiet icon-only" aria-label={t('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {onSubmit === undefined ? (
        inner
      ) : (
        <form
          class="dialog-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {inner}
        </form>
      )}
    </dialog>
  );
}

type ConfirmProps = {
  readonly title: string;
  readonly confirm: string;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly danger?: boolean;
};

/** Asks once more; stays open and says so when the box refuses. */
export function ConfirmDialog({ title, confirm, onConfirm, onClose, children, danger }: ConfirmProps): VNode {
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    await onConfirm().finally(() => setBusy(false));
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class={`button ${danger ? 'danger' : 'primary'}`} disabled={busy}>
        {confirm}
      </button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} foot={foot} onSubmit={() => void go()}>
      {children}
    </Dialog>
  );
}

export function Notice({
  tone,
  children,
}: {
  readonly tone?: 'bad' | 'warn' | undefined;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <div class={`notice ${tone ?? ''}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={tone === undefined ? 'info' : 'alert'} />
      <div class="grow">{children}</div>
    </div>
  );
}

type EmptyProps = {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly children?: ComponentChildren;
};
/** Nothing here yet, and what to do next. */
export function Empty({ icon, title, text, children }: EmptyProps): VNode {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      <p>{text}</p>
      {children !== undefined && <div class="row">{children}</div>}
    </div>
  );
}

/** Something is on its way: also on a slow link a page is never just bare. */
export function Waiting(): VNode {
  return (
    <div class="empty" aria-busy="true">
      <span class="spinner" />
      <span class="hidden-text">{t('common.loading')}</span>
    </div>
  );
}
