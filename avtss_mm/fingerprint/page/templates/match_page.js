'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const panels = all('.panel'), rows = all('tr[data-match]');
  const query = player(one('#query')), video = one('#video') && player(one('#video'));
  const players = video ? [query, video] : [query];
  let current = -1;  // the match on display
  let time = 0;      // seconds of the query, whether its player can play or not
  let shift = 0;     // seconds of the video away from the voted line
  const toVideo = (t, f = data.panels[current]) => f.offset + f.speed * t + shift;
  const toQuery = (t, f = data.panels[current]) => (t - f.offset - shift) / f.speed;

  // A player. Its time is that of the file, even if it plays a copy of a part.
  function player(figure) {
    const element = figure.querySelector('video'), trouble = figure.querySelector('.trouble');
    const self = {element, figure, output: figure.querySelector('figcaption output'), urls: [], start: 0, goal: 0};
    self.load = ({urls, start, picture, sound}) => {
      if (self.urls.join() === urls.join() && urls.length) return;
      Object.assign(self, {urls, start});
      element.classList.toggle('sound', sound && !picture);
      next(0);
    };
    const next = (index) => {
      if (element.src.startsWith('blob:')) URL.revokeObjectURL(element.src);
      self.index = index;
      element.hidden = index >= self.urls.length;
      trouble.hidden = !element.hidden;
      if (trouble.hidden) return void (element.src = playable(self.urls[index]));
      element.removeAttribute('src');
      element.load();
      trouble.textContent = self.urls.length
        ? 'The browser cannot play this file here: it has been moved, or browsers do not support its format.'
        : 'There is nothing to play: the file could not be read, or is not a file on disk (--embed puts a copy here).';
    };
    element.addEventListener('error', () => { if (element.hasAttribute('src')) next(self.index + 1); });
    self.place = (seconds) => {
      self.goal = seconds - self.start;
      if (element.readyState) self.goal = element.currentTime = clamp(self.goal, 0, element.duration || 0);
    };
    element.addEventListener('loadedmetadata', () => self.place(self.goal + self.start));
    self.time = () => element.currentTime + self.start;
    self.has = (seconds) => seconds >= self.start && seconds < self.start + (element.duration || 0);
    return self;
  }

  // Not all browsers can seek in a video that is a data: URL; in a blob they can.
  function playable(url) {
    if (!url.startsWith('data:')) return url;
    const [head, body] = url.split(';base64,');
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], {type: head.slice('data:'.length)}));
  }

  function draw() {
    const f = data.panels[current], root = panels[current];
    const percent = (t, start, end) => `${clamp((t - start) / (end - start), 0, 1) * 100}%`;
    root.querySelector('.over .head').style.left = percent(time, f.start, f.end);
    query.output.textContent = clock(time);
    if (!video) return;
    const there = toVideo(time);
    video.output.textContent = there < 0 || there > f.video_length ? 'not in it' : clock(there);
    root.querySelector('.bar.query .head').style.left = percent(time, 0, f.query_length);
    root.querySelector('.bar.video .head').style.left = percent(there, 0, f.video_length);
    for (const spot of all('.spot', root)) {
      spot.style.left = percent(there, 0, f.video_length);
      spot.style.bottom = percent(time, 0, f.query_length);
    }
    const realign = one('#realign');
    realign.hidden = !shift;
    realign.textContent = `${shift > 0 ? '+' : '−'}${Math.abs(shift).toFixed(2)} s off the line: go back`;
  }

  function clock(seconds) {
    const hundredths = Math.round(Math.abs(seconds) * 100), minutes = Math.floor(hundredths / 6000);
    const pad = (value) => String(value).padStart(2, '0');
    const head = minutes >= 60 ? `${Math.floor(minutes / 60)}:${pad(minutes % 60)}` : minutes;
    return `${seconds <= -.005 ? '−' : ''}${head}:${pad(Math.floor(hundredths / 100) % 60)}.${pad(hundredths % 100)}`;
  }

  function seek(t, newShift = 0) {
    shift = newShift;
    time = t;
    query.place(time);
    if (video) video.place(toVideo(time));
    draw();
  }

  function choose(index, t) {
    if (index !== current) {
      current = index;
      panels.forEach((panel, i) => { panel.hidden = i !== index; });
      rows.forEach((row, i) => row.classList.toggle('current', i === index));
      query.load(data.players[0]);
      if (video) {
        video.load(data.players[index + 1]);
        video.figure.querySelector('.name').textContent = panels[index].querySelector('h2 bdi').textContent;
      }
    }
    seek(t ?? data.panels[index].query_start);
  }

  // Together: each player follows the controls of the other.
  players.forEach((self) => {
    const other = self === query ? video : query, {element} = self;
    const fromOwn = (seconds) => self === query ? seconds : toQuery(seconds);
    const toOther = () => self === query ? toVideo(time) : time;
    element.addEventListener('seeking', () => {
      if (Math.abs(element.currentTime - self.goal) < .06) return;
      self.goal = element.currentTime;
      time = fromOwn(self.time());
      if (other) other.place(toOther());
      draw();
    });
    element.addEventListener('play', () => {
      one('#play').textContent = video ? 'Pause both' : 'Pause';
      requestAnimationFrame(follow);
      if (!other || !other.has(toOther())) return;
      query.element.playbackRate = 1;
      video.element.playbackRate = clamp(data.panels[current].speed, .1, 10);
      other.element.play().catch(() => {});
    });
    element.addEventListener('pause', () => {
      if (other && !element.ended) other.element.pause();
      if (players.every((each) => each.element.paused)) one('#play').textContent = video ? 'Play both' : 'Play';
    });
  });

  function follow() {
    const playing = players.filter(({element}) => !element.paused && !element.ended);
    if (!playing.length) return;
    const [leader] = playing;
    leader.goal = leader.element.currentTime;
    time = leader === query ? query.time() : toQuery(video.time());
    if (playing.length > 1) {
      video.goal = toVideo(time) - video.start;
      const late = video.goal - video.element.currentTime;
      if (Math.abs(late) > .25 && !video.element.seeking) video.place(toVideo(time));
    }
    draw();
    requestAnimationFrame(follow);
  }

  function togglePlay() {
    if (players.some(({element}) => !element.paused)) return players.forEach(({element}) => element.pause());
    const first = players.find((each) => each.has(each === query ? time : toVideo(time)));
    if (first) first.element.play().catch(() => {});
  }

  function listen(to) {
    query.element.muted = to === 'video';
    if (video) video.element.muted = to === 'query';
    for (const button of all('[data-sound]')) button.setAttribute('aria-pressed', button.dataset.sound === to);
  }

  // Position of the pointer on an element, in shares of its size.
  function spot(event, element) {
    const box = element.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width, 0, 1), clamp((event.clientY - box.top) / box.height, 0, 1)];
  }

  // The two moments under the pointer, and how similar they are.
  function cell(event, matrix) {
    const f = data.panels[current], picture = matrix.querySelector('img'), {rows, columns, low, high} = picture.dataset;
    const [x, y] = spot(event, matrix), [across, down] = spot(event, picture);
    const row = Math.min(Math.floor(down * rows), rows - 1), column = Math.min(Math.floor(across * columns), columns - 1);
    const level = across > 0 && across < 1 && down > 0 && down < 1 && matrix.bytes.charCodeAt(row * columns + column);
    const value = +low + (high - low) * (level - 1) / 254;
    return {
      query: (1 - y) * f.query_length,
      video: x * f.video_length,
      step: f.video_length / columns,
      similarity: level ? (Math.round(value * 100) / 100 || 0).toFixed(2) : 'nothing to compare',
    };
  }

  for (const matrix of all('.matrix')) {
    matrix.bytes = atob(matrix.querySelector('img').dataset.values);
    const output = matrix.closest('figure').querySelector('output');
    matrix.addEventListener('mousemove', (event) => {
      const at = cell(event, matrix);
      output.textContent = `query ${clock(at.query)}, match ${clock(at.video)}: ${at.similarity}`;
    });
    matrix.addEventListener('mouseleave', () => { output.textContent = ''; });
    matrix.addEventListener('click', (event) => {
      const at = cell(event, matrix);
      shift = 0;
      const away = at.video - toVideo(at.query);  // near the line counts as on the line
      seek(at.query, Math.abs(away) < Math.max(1, at.step) ? 0 : away);
    });
  }
  for (const lane of all('.lane')) {
    lane.addEventListener('click', (event) => {
      const f = data.panels[current], frame = event.target.closest('.frame');
      seek(frame ? +frame.dataset.time : f.start + spot(event, lane)[0] * (f.end - f.start));
    });
  }
  for (const bar of all('.bar')) {
    bar.addEventListener('click', (event) => {
      const t = spot(event, bar)[0] * bar.dataset.length;
      shift = 0;
      seek(bar.dataset.seek === 'query' ? t : toQuery(t));
    });
  }
  rows.forEach((row, index) => row.addEventListener('click', () => choose(index)));
  for (const button of all('[data-step]')) button.addEventListener('click', () => seek(time + +button.dataset.step, shift));
  for (const button of all('[data-sound]')) button.addEventListener('click', () => listen(button.dataset.sound));
  one('#play').addEventListener('click', togglePlay);
  if (video) one('#realign').addEventListener('click', () => seek(time));
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('video, button')) return;
    const digit = +event.key - 1;
    if (event.key === ' ') togglePlay();
    else if (event.key === 'ArrowLeft') seek(time - 1, shift);
    else if (event.key === 'ArrowRight') seek(time + 1, shift);
    else if (rows[digit]) choose(digit);
    else return;
    event.preventDefault();
  });

  // #match=2&t=12.5 opens the page there.
  const wish = new URLSearchParams(location.hash.slice(1));
  const wished = clamp((+wish.get('match') || 1) - 1, 0, panels.length - 1);
  listen(data.players[0].sound ? 'query' : 'video');
  choose(wished, wish.has('t') ? +wish.get('t') || 0 : undefined);
})();
