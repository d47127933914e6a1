// @vitest-environment jsdom
/** Status bar: what it says when idle, during a run and of errors, and what it announces. */
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestBench } from '../testing.tsx';
import { ErrorCallout } from './error-callout.tsx';
import { StatusBar } from './status-bar.tsx';

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
});
afterEach(cleanup);

const show = (): void =>
  void render(
    <>
      <ErrorCallout />
      <StatusBar />
    </>,
    { wrapper: bench.Wrapper },
  );
const text = (): string => screen.getByTestId('status-text').textContent ?? '';
const progress = (done: number, total: number) =>
  ({ kind: 'progress', done, total, rate: 6.3, etaSeconds: 106 }) as const;

describe('while nothing runs', () => {
  it('says what to do, what opens, and when it is ready', () => {
    show();
    expect(text()).toBe('Open a slide to begin.');
    act(() => void bench.openingSlide('case-7.svs'));
    expect(text()).toBe('Opening case-7.svs…');
    act(() => void bench.ready());
    expect(text()).toBe('Ready.');
  });

  it('sums the last run up: slices, time, what was reused and what was skipped', () => {
    bench
      .ready()
      .startRun('alpha')
      .endRun('alpha', { slices: 1080, seconds: 106, restored: 322, skipped: 1 });
    show();
    expect(text()).toMatch(/^Segmented 1,080 slices in 1 min 46 s\. 322 /);
    expect(text()).toMatch(/\b1\b.*\bslice\b.*skipped\.$/);
  });

  it('says what a run left out next to the message about it', () => {
    bench.ready().startRun('alpha').endRun('alpha', { slices: 1080, seconds: 106, broken: 2, skipped: 38 });
    show();
    expect(text()).toMatch(/ 2 unreadable\. 38 background slices skipped\.$/);
    act(() => void bench.log('warning', { problem: 'Tiles are damaged.' }));
    expect(screen.queryByTestId('status-text')).toBeNull();
    expect(screen.getByTestId('run-summary').textContent).toBe('1,080 slices · 2 unreadable · 38 background');
  });

  it('says of a cancelled run that finished slices stay', () => {
    bench.ready().startRun('alpha').endRun('alpha', { slices: 1, seconds: 3, cancelled: true });
    show();
    expect(text()).toMatch(/^Cancelled after 1 slice in 3 s\. /);
  });

  it('names the backend and why it was chosen, and says when there is none', () => {
    show();
    expect(screen.queryByTestId('backend')).toBeNull();
    act(() => void bench.backendStarting());
    expect(screen.getByText(/^Starting/)).toBeTruthy();
    act(() => void bench.ready());
    const backend = screen.getByTestId('backend');
    expect(backend.textContent).toMatch(/^WebAssembly: 2 threads, SIMD/);
    expect(backend.dataset.tip).toBe('No graphics adapter.');
    // The reason is in a tooltip, which the keyboard must reach.
    expect(backend.tabIndex).toBe(0);
    act(() => void bench.backendFailed('WebAssembly is switched off.', 'Switch it on.'));
    expect(screen.queryByTestId('backend')).toBeNull();
    expect(screen.getByText('No backend').dataset.tip).toBe('WebAssembly is switched off. Switch it on.');
  });

  it('always says that it is for research', () => {
    show();
    expect(screen.getByText('Research use only').dataset.tip).toMatch(/not for diagnosis/i);
    act(() => void bench.ready().startRun('alpha').log('error', { problem: 'Broken.' }));
    expect(screen.getByText('Research use only')).toBeTruthy();
  });
});

describe('during a run', () => {
  it('has a progress bar with values, and the rest in words', () => {
    bench.ready().startRun('alpha');
    show();
    expect(screen.getByTestId('progress-text').textContent).toBe('Preparing…');
    act(() => {
      bench.runEvent('alpha', { kind: 'planned', slices: 1080, regions: 4, skipped: 38 });
      bench.runEvent('alpha', progress(412, 1080));
    });
    const bar = screen.getByRole('progressbar', { name: 'Segmentation' });
    expect([bar.getAttribute('aria-valuenow'), bar.getAttribute('aria-valuemax')]).toEqual(['412', '1080']);
    const words = screen.getByTestId('progress-text').textContent;
    expect(words).toMatch(/^412\/1,080 slices · 6\.3\/s · 1 min 46 s left · 38 .*skipped$/);
    expect(screen.queryByTestId('status-text')).toBeNull();
  });

  it('shows a bar for each of several models, with the panes that show it', () => {
    bench.ready().panes(2).startRun('alpha', 'beta');
    bench.runEvent('alpha', progress(10, 40)).runEvent('beta', progress(5, 60));
    show();
    expect(screen.getAllByRole('progressbar').map((bar) => bar.getAttribute('aria-label'))).toEqual([
      'Segmentation, Alpha',
      'Segmentation, Beta',
    ]);
    const progressBox = screen.getByTestId('progress');
    expect(within(progressBox).getByText('A')).toBeTruthy();
    expect(within(progressBox).getByText('B')).toBeTruthy();
    expect(screen.getByTestId('progress-text').textContent).toMatch(/^15\/100 slices · 13\/s/);
  });

  it('pauses, and cancels once', () => {
    bench.ready().startRun('alpha').runEvent('alpha', progress(1, 10));
    const pause = vi.spyOn(bench.workbench.segmentation, 'togglePause').mockReturnValue(undefined);
    const cancel = vi.spyOn(bench.workbench.segmentation, 'cancel').mockReturnValue(undefined);
    show();
    const pauseButton = screen.getByTestId<HTMLButtonElement>('command-segment.pause');
    fireEvent.click(pauseButton);
    expect(pause).toHaveBeenCalledOnce();
    expect(pauseButton.getAttribute('aria-pressed')).toBe('false');
    act(() => void bench.pauseRun());
    expect(pauseButton.getAttribute('aria-pressed')).toBe('true');
    expect(screen.getByTestId('progress-text').textContent).toBe('1/10 slices · paused');
    const cancelButton = screen.getByTestId<HTMLButtonElement>('command-segment.cancel');
    fireEvent.click(cancelButton);
    expect(cancel).toHaveBeenCalledOnce();
    act(() => void bench.cancelRun());
    expect([pauseButton.disabled, cancelButton.disabled]).toEqual([true, true]);
    expect(screen.getByTestId('progress-text').textContent).toBe('Cancelling…');
  });

  it('is announced by quarters only', () => {
    bench.ready();
    show();
    const announcer = screen.getByTestId('announcer');
    expect(announcer.getAttribute('aria-live')).toBe('polite');
    expect(announcer.textContent).toBe('case-7.svs is open.');
    act(() => void bench.startRun('alpha').runEvent('alpha', progress(1, 100)));
    const started = announcer.textContent;
    act(() => void bench.runEvent('alpha', progress(24, 100)));
    expect(announcer.textContent).toBe(started);
    act(() => void bench.runEvent('alpha', progress(49, 100)));
    expect(announcer.textContent).toMatch(/\b25\b/);
    act(() => void bench.endRun('alpha', { slices: 100, seconds: 8 }));
    expect(announcer.textContent).toMatch(/8 s/);
  });
});

describe('errors', () => {
  const broken = { subject: 'case-7.svs', problem: 'A tile is broken.', remedy: 'Copy the file again.' };

  it('are shown with subject and remedy, announced, and dismissed', () => {
    bench.ready();
    show();
    act(() => void bench.log('error', broken));
    const notice = screen.getByTestId('notice');
    expect(notice.dataset.level).toBe('error');
    expect(notice.textContent).toContain('case-7.svs: A tile is broken. Copy the file again.');
    expect(screen.getByRole('alert').textContent).toBe('case-7.svs: A tile is broken. Copy the file again.');
    fireEvent.click(within(notice).getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByTestId('notice')).toBeNull();
    expect(screen.getByRole('alert').textContent).toBe('');
    // The log keeps it.
    expect(screen.getByTestId('command-interface.log').textContent).toBe('1');
  });

  it('have a button that does what helps', () => {
    bench.ready();
    const reload = vi.spyOn(bench.workbench, 'reloadTiles').mockReturnValue(undefined);
    show();
    act(() => void bench.log('warning', { ...broken, commandId: 'slide.reload' }));
    fireEvent.click(within(screen.getByTestId('notice')).getByRole('button', { name: /tiles/i }));
    expect(reload).toHaveBeenCalledOnce();
  });

  it('open the log; information only counts there', () => {
    bench.ready();
    show();
    const log = screen.getByTestId('command-interface.log');
    act(() => void bench.log('info', broken));
    expect(screen.queryByTestId('notice')).toBeNull();
    expect(log.textContent).toBe('1');
    act(() => void bench.log('error', broken));
    expect(log.getAttribute('aria-pressed')).toBe('false');
    fireEvent.click(screen.getByRole('button', { name: 'Open the log' }));
    expect(log.getAttribute('aria-pressed')).toBe('true');
  });
});
