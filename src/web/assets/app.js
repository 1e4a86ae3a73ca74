// Countersign. Progressive enhancement only: every page reads and decides without it.
// No dependency, no inline handler, no eval: works under script-src 'self'.
(() => {
  'use strict';
  const $ = (s, r = document) => r.querySelector(s);
  const $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const live = $('#live');
  const say = (t) => { if (live) live.textContent = t; };
  const stored = (kind, work) => { try { return work(window[kind]); } catch { return null; } };

  const open = (id) => { const d = document.getElementById(id); if (d && !d.open) d.showModal(); };
  addEventListener('click', (e) => {
    const t = e.target.closest('[data-open],[data-print],[aria-disabled="true"]');
    if (!t) return;
    if (t.dataset.open) open(t.dataset.open);
    else { e.preventDefault(); if ('print' in t.dataset) print(); }
  });

  // Printing from the page needs script; without it the browser's own menu does the same.
  $$('[data-print][hidden]').forEach((b) => { b.hidden = false; });

  // Copying needs script; without it the text is selected by hand.
  $$('[data-copy][hidden]').forEach((b) => {
    b.hidden = false;
    const { copy, text } = b.dataset;
    const get = async (from) => { const a = await fetch(from); if (!a.ok || a.redirected) throw a; return a.text(); };
    b.addEventListener('click', async () => {
      try {
        const t = text || (copy[0] === '/' ? await get(copy) : document.getElementById(copy).textContent);
        await navigator.clipboard.writeText(t);
        b.dataset.done = ''; setTimeout(() => { delete b.dataset.done; }, 2000);
        say('Copied' + (t.length > 99 ? '.' : ' ' + t));
      } catch { say('Not copied.'); }
    });
  });

  // The browser knows its zone.
  $$('[data-zone]').forEach((b) => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, select = document.getElementById(b.dataset.zone);
    if (!$$('option', select).some((o) => o.value === zone) || select.value === zone) return;
    b.hidden = false; b.textContent = `Choose ${zone.replaceAll('_', ' ')}, this browser’s`;
    b.addEventListener('click', () => { select.value = zone; select.focus(); });
  });

  // What needs script comes with it.
  $$('[data-script][hidden]').forEach((e) => { e.hidden = false; });

  // Times count on from the server's clock, as long as they are near; later ones stay as they are written.
  const skew = Date.parse(document.body.dataset.now) - Date.now() || 0;
  const span = (s) => {
    const m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(m / 1440);
    if (m < 1) return Math.floor(s) + ' s';
    if (m < 60) return m + ' min';
    if (d < 1) return h + ' h' + (m % 60 ? ' ' + String(m % 60).padStart(2, '0') + ' min' : '');
    return d < 2 ? '1 day' : d + ' days';
  };
  const words = (kind, left) => {
    const now = Math.abs(left) < 1, late = left < 0;
    if (kind === 'ago') return left > -60 ? 'just now' : span(-left) + ' ago';
    if (left >= 86400) return '';
    if (kind === 'expires') return now ? 'expires now' : late ? 'expired' : 'expires in ' + span(left);
    if (late && !now) return span(-left) + ' overdue';
    return kind === 'due' ? (now ? 'due now' : 'due in ' + span(left)) : span(left) + ' left';
  };
  const tick = () => $$('time[data-tick]').forEach((t) => {
    const left = (Date.parse(t.dateTime) - Date.now() - skew) / 1000, w = words(t.dataset.tick, left);
    if (w && t.textContent !== w) t.textContent = w;
    if (t.dataset.tick === 'due' && left < 0) t.closest('.due')?.classList.add('is-late');
  });
  setInterval(tick, 1000);

  // The current page in a rail that scrolls.
  const rail = $('.rail'), here = $('.rail [aria-current="page"]');
  if (rail && here && rail.scrollWidth > rail.clientWidth) rail.scrollLeft = here.offsetLeft - (rail.clientWidth - here.offsetWidth) / 2;

  // Numbers: each counts the requests that its filter lets through, and stays true as they come and go.
  // Amounts are compared and added digit by digit: no number of a script holds all of them.
  const whole = (texts) => {
    const places = Math.max(0, ...texts.map((t) => (t.split('.')[1] || '').length));
    return [places, texts.map((t) => { const [i, f = ''] = t.split('.'); return BigInt(i + f.padEnd(places, '0')); })];
  };
  const ordered = (...texts) => { const [small, large] = whole(texts)[1]; return small <= large; };
  const fits = (n, d) => ['due', 'risk', 'type', 'unread', 'unit'].every((k) => !n[k] || n[k] === d[k])
    && (!n.min || d.amount && ordered(n.min, d.amount)) && (!n.max || d.amount && ordered(d.amount, n.max));
  const retitle = () => {
    const n = $('[data-count=needs_me]')?.textContent.trim(), t = document.title.replace(/^\(\d+\+?\) /, '');
    if (n && !/^Error/.test(t)) document.title = (n === '0' ? '' : '(' + n + ') ') + t;
  };
  const count = (d, by) => {
    $$('[data-n]').forEach((n) => { if (fits(n.dataset, d) && /^\d+$/.test(n.textContent)) n.textContent = String(Math.max(0, Number(n.textContent) + by)); });
    retitle();
  };
  retitle();

  // Words about requests are kept in this tab until the server has recorded them. They belong to one account in one org,
  // to one step, and to the requests that the form is about.
  const whose = document.body.dataset.for || '';
  const account = 'cs:draft:' + whose.slice(whose.lastIndexOf('.') + 1) + ':';
  const drop = (s, which) => Object.keys(s).filter((k) => k.startsWith('cs:draft:') && which(k)).forEach((k) => s.removeItem(k));
  const draftKey = (t) => account + [whose, new URL(t.form.action).pathname, $('button[name=decision]', t.form)?.value, $$('[name=shown]', t.form).map((i) => i.value).sort(), t.id].join('|');
  // Signing out ends the drafts of every tab: each finds on its next page that it has not heard of that yet.
  const out = () => stored('localStorage', (l) => l.getItem('cs:out')) || '';
  if (new URLSearchParams(location.search).get('out') && !whose) stored('localStorage', (l) => l.setItem('cs:out', String(Date.now())));
  const said = new URLSearchParams(location.search).get('said');
  stored('sessionStorage', (s) => {
    if ((s.getItem('cs:out') || '') !== out()) drop(s, () => true);
    s.setItem('cs:out', out());
    if (whose) drop(s, (k) => !k.startsWith(account));
    const sent = s.getItem('cs:sent'); s.removeItem('cs:sent');
    if (sent && (said || $('[data-recorded]'))) s.removeItem(sent);
    // A comment leaves the words of a step alone.
    if (said && said !== 'commented') drop(s, (k) => k.includes(location.pathname + '/'));
  });
  const restore = (t, s) => {
    const words = s.getItem(draftKey(t));
    if (!words || t.value) return;
    t.value = words;
    const note = document.createElement('p'), b = document.createElement('button');
    note.className = 'hint restored'; note.setAttribute('role', 'status');
    b.type = 'button'; b.className = 'link'; b.textContent = 'Discard';
    b.addEventListener('click', () => { t.value = ''; s.removeItem(draftKey(t)); note.remove(); t.focus(); });
    note.append('Restored from your draft. ', b); t.before(note);
  };
  $$('form textarea[name=message]').forEach((t) => stored('sessionStorage', (s) => {
    restore(t, s);
    t.addEventListener('input', () => { if (t.value) s.setItem(draftKey(t), t.value); else s.removeItem(draftKey(t)); });
    t.form.addEventListener('submit', () => s.setItem('cs:sent', draftKey(t)));
  }));
  $('form[action="/ui/sign-out"]')?.addEventListener('submit', () => stored('sessionStorage', (s) => drop(s, () => true)));

  // The form of a submission is checked, and gets and loses rows, in this page: so nothing that is typed is lost, not even
  // what no page shows again. What leads elsewhere, and any answer without such a form, the browser loads itself.
  const keepTyped = (main, old) => $$('[name^="typed:"]', main).forEach((mark) => {
    const box = mark.closest('.field'), text = old.get(mark.value);
    if (!text) return;
    $$('[name^="/"]', box).forEach((i) => { if (/^(radio|checkbox)$/.test(i.type)) i.checked = i.value === text; else i.value = text; });
    $$('[data-retype]', box).forEach((r) => { r.hidden = true; });
  });
  // While the answer is on its way somebody types on: that is kept too, in the row where it stands by then.
  const keepSince = (form, typed, by, main) => {
    const [, list, gone] = by.value.match(/^remove:(.*)\/(\d+)$/) || [];
    const at = (name) => {
      const [row, ...rest] = list && name.startsWith(`${list}/`) ? name.slice(list.length + 1).split('/') : [];
      if (row === undefined || +row < +gone) return name;
      return row === gone ? null : [list, row - 1, ...rest].join('/');
    };
    const picked = (i) => /^(radio|checkbox)$/.test(i.type);
    const same = (i) => $$(`[name="${CSS.escape(at(i.name) ?? '')}"]`, main).find((j) => !picked(i) || j.value === i.value);
    [...form.elements].filter((i) => i.name.startsWith('/') && !i.disabled).forEach((i) => {
      const is = picked(i) ? i.checked : i.value, was = picked(i) ? typed.getAll(i.name).includes(i.value) : (typed.get(i.name) ?? '').replaceAll('\r\n', '\n');
      const to = is !== was && same(i);
      if (!to) return;
      if (picked(i)) to.checked = is; else to.value = is;
      to.dispatchEvent(new Event('input', { bubbles: true }));
    });
    return (i) => i?.name?.startsWith('/') && form.contains(i) && same(i);
  };
  const send = async (form, by) => {
    const from = document.activeElement, typed = new FormData(form), body = new URLSearchParams(typed);
    body.append(by.name, by.value);
    $('#unsent')?.remove();
    const answer = await fetch(form.action, { method: 'POST', body }).catch(() => null);
    if (!answer) {
      const note = document.createElement('p');
      note.id = 'unsent'; note.className = 'offline'; note.setAttribute('role', 'alert');
      note.textContent = 'No connection. Try again: what you typed is still here, and a form that is sent twice is one request.';
      (by.closest('p') || form.lastElementChild).after(note);
      return;
    }
    if (answer.redirected) { location.assign(answer.url); return; }
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (!$('form[data-keep]', page) || page.body.dataset.for !== whose) { form.dataset.away = '1'; form.requestSubmit(by); return; }
    const main = $('#main'), fresh = $('#main', page);
    keepTyped(fresh, typed);
    const moved = document.activeElement, to = keepSince(form, typed, by, fresh)(moved !== from && moved);
    const caret = to && [moved.selectionStart, moved.selectionEnd];
    document.title = page.title; retitle();
    main.replaceChildren(...fresh.childNodes);
    (to || $('[autofocus]', main) || $('[data-focus]', main))?.focus();
    if (caret && caret[0] !== null && to.setSelectionRange) to.setSelectionRange(...caret);
  };
  addEventListener('submit', (e) => {
    const form = e.target, by = e.submitter;
    if (!form.matches('form[data-keep]') || !by || form.dataset.away || /^(json|fields|org:.*)$/.test(by.value)) return;
    e.preventDefault();
    if (form.ariaBusy) return;
    form.ariaBusy = 'true';
    send(form, by).finally(() => { form.ariaBusy = null; });
  });
  addEventListener('pageshow', () => $$('form[data-keep]').forEach((f) => { delete f.dataset.away; }));

  // A decision is sent once, even on a double click. The server would also count it once.
  $$('form[data-decide]').forEach((f) => f.addEventListener('submit', (e) => {
    if (f.dataset.sent) { e.preventDefault(); return; }
    f.dataset.sent = '1'; say('Recording your decision.');
  }));
  addEventListener('pageshow', () => $$('form[data-decide]').forEach((f) => { delete f.dataset.sent; }));

  // A step opens on the way back, an error on its summary.
  ($('[data-focus]') || $('[data-first]'))?.focus({ preventScroll: true });

  // List: a marked row, selection, totals.
  const rows = $$('[data-rows] .row');
  let cur = -1;
  const mark = (n) => {
    if (!rows.length) return;
    cur = Math.max(0, Math.min(rows.length - 1, n));
    rows.forEach((r, i) => { r.classList.toggle('is-cur', i === cur); if (i === cur) r.parentElement.setAttribute('aria-current', 'true'); else r.parentElement.removeAttribute('aria-current'); });
    $('.t a', rows[cur]).focus({ preventScroll: true }); rows[cur].scrollIntoView({ block: 'nearest' });
  };
  rows.forEach((r, i) => r.addEventListener('focusin', () => { if (cur !== i) { rows[cur]?.classList.remove('is-cur'); rows[cur]?.parentElement.removeAttribute('aria-current'); cur = i; r.classList.add('is-cur'); r.parentElement.setAttribute('aria-current', 'true'); } }));
  const boxes = () => $$('[data-rows] input[type=checkbox], .picks input[type=checkbox]');
  const bar = $('[data-selbar]');
  const added = (texts) => {
    const [places, all] = whole(texts);
    let sum = all.reduce((a, b) => a + b, 0n), sign = '';
    if (sum < 0n) { sum = -sum; sign = '−'; }
    const digits = sum.toString().padStart(places + 1, '0'), at = digits.length - places;
    const fraction = digits.slice(at).replace(/0+$/, '');
    return sign + digits.slice(0, at).replace(/\B(?=(\d{3})+$)/g, '\u2009') + (fraction ? '.' + fraction : '');
  };
  const totals = (on) => {
    const kinds = new Map();
    on.forEach((b) => { const { kind, unit, amount } = b.dataset, key = unit ? '\n' + unit : kind; if (amount) kinds.set(key, [...kinds.get(key) || [], amount]); });
    const makers = new Set(on.map((b) => b.dataset.maker)).size;
    return [makers + (makers === 1 ? ' maker' : ' makers'), ...[...kinds].sort().map(([key, amounts]) => key[0] === '\n' ? added(amounts) + '\u00a0' + key.slice(1) : key + ': ' + added(amounts))].join(' · ');
  };
  const sum = () => {
    const on = boxes().filter((b) => b.checked);
    boxes().forEach((b) => b.closest('.row')?.classList.toggle('is-on', b.checked));
    if (bar) bar.hidden = on.length === 0;
    if (!$('[data-seln]')) return;
    $('[data-seln]').textContent = bar ? on.length + ' selected' : on.length + (on.length === 1 ? ' request' : ' requests');
    $('[data-selsum]').textContent = on.length ? '· ' + totals(on) : '';
    $$('[data-ticked]').forEach((s) => { s.textContent = ' (' + on.length + ')'; });
  };
  let last = -1;
  const toggle = (i, range) => {
    const b = rows[i] && $('input[type=checkbox]', rows[i]);
    if (!b) { say('This one is decided on its own page.'); return; }
    b.checked = !b.checked;
    if (range && last >= 0) for (let j = Math.min(last, i); j <= Math.max(last, i); j++) { const c = $('input[type=checkbox]', rows[j]); if (c) c.checked = b.checked; }
    last = i; sum();
  };
  addEventListener('change', (e) => { if (e.target.matches('[data-rows] input, .picks input')) sum(); });
  addEventListener('reset', () => setTimeout(sum));
  // A browser fills in what was ticked when somebody comes back.
  addEventListener('pageshow', sum);

  // Keys: off in fields, off with modifiers, can be switched off (WCAG 2.1.4). None of them decides.
  const keysBox = $('#keys-on');
  let keys = stored('localStorage', (s) => s.getItem('cs:keys')) !== 'off';
  if (keysBox) { keysBox.checked = keys; keysBox.addEventListener('change', () => { keys = keysBox.checked; stored('localStorage', (s) => s.setItem('cs:keys', keys ? 'on' : 'off')); }); }
  let g = 0;
  addEventListener('keydown', (e) => {
    const dlg = $('dialog[open]');
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
      const foot = $('form[data-decide] .dlg-foot'); const b = foot && $('button', foot);
      // A button that is off takes no click.
      if (b && !dlg) { e.preventDefault(); b.click(); }
      return;
    }
    if (e.key === 'Escape' && !dlg) { $('[data-back]')?.click(); if (!$('[data-back]')) $('.queue a')?.click(); return; }
    if (!keys || dlg || e.ctrlKey || e.metaKey || e.altKey || (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== 'checkbox')) return;
    const k = e.key;
    if (g && Date.now() - g < 1200) { g = 0; const to = { i: '/ui/needs-me', m: '/ui/mine', h: '/ui/history', t: '/ui/types' }[k]; if (to) { location.href = to; return; } }
    if (k === 'g') { g = Date.now(); return; }
    if (k === '/') { e.preventDefault(); $('#q')?.focus(); return; }
    if (k === '?') { open('keys'); return; }
    if (rows.length) {
      if (k === 'j') { mark(cur + 1); return; }
      if (k === 'k') { mark(cur - 1); return; }
      if (k === 'x' || k === 'X') { toggle(cur, k === 'X'); return; }
      if ((k === 'a' || k === 'r') && cur >= 0) { const to = new URL($('.t a', rows[cur]).href); to.pathname += k === 'a' ? '/approve' : '/reject'; location.href = to; return; }
    }
    const t = $('[data-key="' + CSS.escape(k) + '"]');
    if (t) { e.preventDefault(); t.click(); }
  });

  // Event stream: one per tab, closed while hidden. Rows never move; they change in place, in the server's words.
  const src = document.body.dataset.events;
  const about = document.body.dataset.request;
  const etag = $('[data-etag]')?.dataset.etag;
  if (src && 'EventSource' in window) {
    let es, lastId = document.body.dataset.after || '', fresh = 0;
    const mine = $('[data-mine]');
    // What happened, with its sign and a time that counts on.
    const news = (d) => {
      const b = document.createElement('span'), [before, after] = d.text.split('just now');
      b.className = 'st st-' + d.kind;
      const sign = $('#signs')?.content.querySelector('[data-sign="' + d.state + '"] svg');
      if (sign) b.append(sign.cloneNode(true));
      const text = document.createElement('span'); text.append(before);
      if (after !== undefined) {
        const t = document.createElement('time'); t.dateTime = d.at; t.dataset.tick = 'ago'; t.textContent = 'just now';
        text.append(t, after);
      }
      b.append(text);
      return b;
    };
    // First who decided, then, below, the outcome.
    const gone = (r, d) => {
      const is_first = !r.classList.contains('is-gone');
      r.classList.add('is-gone'); r.classList.remove('is-on');
      const pick = $('.pick', r); if (pick) pick.textContent = '';
      const due = $('.due', r); if (due) { due.textContent = ''; due.className = 'due'; }
      const prog = $('.prog', r);
      if (prog) {
        if (is_first) prog.textContent = ''; else if (prog.children.length > 1) prog.lastChild.remove();
        prog.append(news(d));
      }
      if (is_first && mine) count(r.dataset, -1);
      say(d.text); sum();
    };
    // Only what belongs to the list that stands here, with its filter.
    const pill = $('#fresh'), list = $('[data-news]'), seen = new Set();
    const come = (d) => {
      if (seen.has(d.id)) return;
      seen.add(d.id);
      if (!pill || !fits(list.dataset, d)) return;
      fresh++; pill.hidden = false; $('a', pill).textContent = fresh + ' new – show';
    };
    const told = (r, d) => { const p = $('.prog', r); if (p) p.title = d.text; say(d.text); };
    const old = (text) => {
      const note = $('#changed'); if (!note || !note.hidden) return;
      $('[data-changed]').textContent = text; note.hidden = false;
      acts(true, 'It changed. Read it as it is now.');
    };
    // The browser repairs a short break; after a longer one the page says since when it may be out of date.
    let lost = 0;
    const acts = (off, why = '') => {
      if (!off && !$('#changed')?.hidden) return;
      $$('[data-act]').forEach((a) => { if (off) a.setAttribute('aria-disabled', 'true'); else a.removeAttribute('aria-disabled'); });
      const line = $('[data-why]'); if (line) { line.textContent = why; line.hidden = !off; }
    };
    const back = () => { clearTimeout(lost); lost = 0; if ($('#offline')) { $('#offline').remove(); acts(false); say('The connection is back.'); } };
    const tell = (text, why) => {
      const bar = $('#offline') || document.createElement('p'); bar.id = 'offline'; bar.className = 'offline'; bar.setAttribute('role', 'status');
      bar.textContent = text; $('#main').prepend(bar); acts(true, why);
      return bar;
    };
    const lose = () => {
      if (lost) return;
      const since = new Date().toTimeString().slice(0, 5);
      lost = setTimeout(() => tell(
        'No connection since ' + since + '. What you see may be old. Deciding is off until it is back; your words stay.',
        'No connection: deciding is off.'), 4000);
    };
    const out = () => {
      const link = document.createElement('a'); link.href = location.href; link.textContent = 'Sign in';
      clearTimeout(lost); tell('You are signed out. ', 'You are signed out.').append(link);
    };
    // A stream that ended for good does not say why; the same address does.
    const ask = () => {
      const stop = new AbortController();
      fetch(src, { signal: stop.signal }).then((answer) => { stop.abort(); if (answer.status === 401) out(); else lose(); }, lose);
    };
    const on = () => {
      es = new EventSource(src + (lastId ? '?after=' + encodeURIComponent(lastId) : ''));
      const heard = (name, work) => es.addEventListener(name, (m) => { if (m.lastEventId) lastId = m.lastEventId; work(m.data ? JSON.parse(m.data) : {}); });
      es.onopen = back;
      es.onerror = () => {
        if (es.readyState !== 2) { lose(); return; }
        ask(); setTimeout(() => { if (!document.hidden) { es.close(); on(); } }, 15000);
      };
      heard('change', (d) => {
        const li = document.getElementById('r-' + d.id);
        if (li) (d.waits ? told : gone)($('.row', li), d);
        else if (list?.dataset.news === 'unknown' && d.state === 'unknown') come(d);
        if (about === d.id && d.version > Number(etag)) old(d.text);
      });
      heard('comment', (d) => {
        if (about === d.id && $('#commented')) { $('[data-commented]').textContent = d.text; $('#commented').hidden = false; } else say(d.text);
      });
      heard('here', () => {});
      heard('new', (d) => {
        if (!seen.has(d.id)) count(d, 1);
        if (list?.dataset.news === 'new') come(d); else seen.add(d.id);
        if (about === d.id && d.version > Number(etag)) old(d.text);
      });
      heard('reset', () => { if (pill) pill.hidden = false; old('What you see may be old.'); });
    };
    // A page in the background has no stream: a browser has few connections to one host.
    // Nor has a page that is left at once; nothing is missed: a stream starts at the position at which its page was read.
    setTimeout(() => { if (!es && !document.hidden) on(); }, 400);
    addEventListener('visibilitychange', () => { es?.close(); back(); if (!document.hidden) on(); });
  }
  sum();
})();
