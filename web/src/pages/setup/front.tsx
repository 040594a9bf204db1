/** The frame of the pages before one is inside: the mark, a title, one card. */
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import './front.css';

type FrontProps = {
  readonly title: string;
  readonly subtitle?: string;
  readonly children: ComponentChildren;
  readonly steps?: ComponentChildren;
  readonly wide?: boolean;
};

export function Front({ title, subtitle, children, steps, wide }: FrontProps): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const [first] = useState(title);
  // Before the step is painted: later it would take the focus from a field somebody is already in.
  useLayoutEffect(() => {
    document.title = `${title} · Understudy`;
    // What had the focus went with the step before.
    if (steps !== undefined && title !== first) heading.current?.focus();
  }, [title]);
  return (
    <main class="front">
      <div class={`front-box ${wide ? 'wide' : ''}`}>
        <header class="front-head">
          <img src="/favicon.svg" alt="" width="40" height="40" />
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {subtitle !== undefined && <p class="muted">{subtitle}</p>}
        </header>
        {steps}
        <div class="card front-card">{children}</div>
      </div>
    </main>
  );
}
