// Every word that the console says, in both languages. A test holds the two lists together.

export const STRINGS = {
  en: {
    login_title: "Sign in",
    login_text: "The access token is in the file admin.token of the data folder; `zool up` names it when it starts.",
    login_token: "Access token",
    login_enter: "Sign in",
    login_wrong: "This token is not known here.",
    login_away: "The server does not answer. Try again in a moment.",
    leave: "Sign out",
    language: "Language",
    health: "Health of the components",
    health_nats: "broker",
    health_clickhouse: "event store",
    health_ingest: "video intake",
    health_api: "server",
    health_ok: "in order",
    health_away: "not available",
    cameras: "Cameras",
    add_camera: "Add camera",
    no_cameras: "No cameras yet. Add the first one: all it takes is its RTSP address.",
    phase_live: "Live",
    phase_connecting: "Connecting",
    phase_lost: "Lost",
    phase_disabled: "Switched off",
    phase_unknown: "No word yet",
    no_picture: "No picture",
    no_inference: "Not analysed: inference is away",
    fps: "fps",
    analysed: "looked at",
    camera_open: "Lines and settings",
    events: "Events",
    live_on: "live",
    live_waiting: "connecting…",
    live_cut: "reconnecting…",
    filter_plate: "Plate",
    filter_camera: "Camera",
    filter_kind: "Kind of event",
    all_cameras: "All cameras",
    all_kinds: "All events",
    no_events: "No events here yet. They appear by themselves as they happen.",
    older: "Show earlier ones",
    store_away: "Earlier events are not available right now; new ones keep coming.",
    gap: "Some events happened while the connection was down; they are in the list below.",
    kind_vehicle_entry: "Entry",
    kind_vehicle_exit: "Exit",
    kind_camera_lost: "Camera lost",
    kind_camera_restored: "Camera is back",
    kind_camera_blind: "Camera was blind",
    kind_system_stopped: "A stage stopped",
    kind_system_resumed: "A stage goes on",
    kind_system_gap: "Messages were lost",
    kind_feedback: "Somebody's word",
    kind_handling: "Handling",
    kind_parking_session: "Parking",
    kind_parking_full: "Lot is full",
    kind_antipassback: "Anti-passback",
    system: "System",
    label_car: "car",
    label_truck: "truck",
    label_bus: "bus",
    label_motorcycle: "motorcycle",
    label_bicycle: "bicycle",
    label_person: "person",
    no_plate: "plate not read",
    starter: "starter model",
    starter_text: "Trained on synthetic scenes: good for the demo, not for decisions.",
    close: "Close",
    details_time: "Time",
    details_span: "Until",
    details_camera: "Camera",
    details_rule: "Line or zone",
    details_label: "Object",
    details_plate: "Plate",
    details_reads: "agreeing reads",
    details_confidence: "Confidence",
    details_cause: "Cause",
    details_models: "Models",
    details_settings: "Settings revision",
    details_frame: "Frame",
    details_track: "Track",
    details_id: "Event",
    details_version: "version",
    details_final: "final",
    details_open: "may still change",
    listed: "List",
    list_allow: "allowed",
    list_deny: "denied",
    list_guest: "guest",
    missing: "Not worn",
    item_helmet: "helmet",
    item_vest: "vest",
    item_gloves: "gloves",
    item_mask: "mask",
    item_goggles: "goggles",
    item_boots: "boots",
    details_person: "Person",
    details_region: "Country",
    details_items: "Worn, by probability",
    details_value: "Time or number",
    evidence: "Evidence",
    photo_alt: "Photo of the event",
    camera_new: "New camera",
    camera_name: "Name",
    camera_url: "Address",
    camera_url_hint: "rtsp://user:password@host:554/path",
    camera_transport: "Transport",
    camera_analysis_url: "Smaller stream for analysis (optional)",
    camera_analysis_url_hint: "empty: the address above does both",
    camera_testing: "Testing…",
    camera_save: "Save",
    camera_remove: "Remove camera",
    camera_remove_sure: "Remove this camera and its functions? Its events stay.",
    camera_enabled: "Switched on",
    camera_changed: "Somebody else changed this meanwhile. Look again and repeat.",
    cancel: "Cancel",
    failed: "That did not work.",
  },
  ru: {
    login_title: "Вход",
    login_text: "Токен доступа лежит в файле admin.token в папке данных; `zool up` называет его при запуске.",
    login_token: "Токен доступа",
    login_enter: "Войти",
    login_wrong: "Такой токен здесь неизвестен.",
    login_away: "Сервер не отвечает. Попробуйте чуть позже.",
    leave: "Выйти",
    language: "Язык",
    health: "Состояние компонентов",
    health_nats: "брокер",
    health_clickhouse: "хранилище",
    health_ingest: "приём видео",
    health_api: "сервер",
    health_ok: "в порядке",
    health_away: "недоступно",
    cameras: "Камеры",
    add_camera: "Добавить камеру",
    no_cameras: "Камер пока нет. Добавьте первую: нужен только её RTSP-адрес.",
    phase_live: "В эфире",
    phase_connecting: "Подключение",
    phase_lost: "Нет связи",
    phase_disabled: "Выключена",
    phase_unknown: "Нет сведений",
    no_picture: "Нет изображения",
    no_inference: "Не анализируется: распознавание недоступно",
    fps: "к/с",
    analysed: "просмотрено",
    camera_open: "Линии и настройки",
    events: "События",
    live_on: "в эфире",
    live_waiting: "подключение…",
    live_cut: "переподключение…",
    filter_plate: "Номер",
    filter_camera: "Камера",
    filter_kind: "Вид события",
    all_cameras: "Все камеры",
    all_kinds: "Все события",
    no_events: "Событий пока нет. Они появятся сами, как только произойдут.",
    older: "Показать более ранние",
    store_away: "Прошлые события сейчас недоступны, новые продолжают поступать.",
    gap: "Пока связи не было, произошли события; они есть в списке ниже.",
    kind_vehicle_entry: "Въезд",
    kind_vehicle_exit: "Выезд",
    kind_camera_lost: "Камера пропала",
    kind_camera_restored: "Камера вернулась",
    kind_camera_blind: "Камера не видела",
    kind_system_stopped: "Стадия остановилась",
    kind_system_resumed: "Стадия продолжила работу",
    kind_system_gap: "Сообщения потеряны",
    kind_feedback: "Отзыв оператора",
    kind_handling: "Обработка",
    kind_parking_session: "Стоянка",
    kind_parking_full: "Парковка заполнена",
    kind_antipassback: "Повторный проезд",
    system: "Система",
    label_car: "легковой",
    label_truck: "грузовик",
    label_bus: "автобус",
    label_motorcycle: "мотоцикл",
    label_bicycle: "велосипед",
    label_person: "человек",
    no_plate: "номер не прочитан",
    starter: "синтетическая модель",
    starter_text: "Обучена на синтетических сценах: годится для показа, не для решений.",
    close: "Закрыть",
    details_time: "Время",
    details_span: "До",
    details_camera: "Камера",
    details_rule: "Линия или зона",
    details_label: "Объект",
    details_plate: "Номер",
    details_reads: "совпавших прочтений",
    details_confidence: "Уверенность",
    details_cause: "Причина",
    details_models: "Модели",
    details_settings: "Версия настроек",
    details_frame: "Кадр",
    details_track: "Трек",
    details_id: "Событие",
    details_version: "версия",
    details_final: "окончательно",
    details_open: "может уточниться",
    listed: "Список",
    list_allow: "разрешён",
    list_deny: "запрещён",
    list_guest: "гость",
    missing: "Не надето",
    item_helmet: "каска",
    item_vest: "жилет",
    item_gloves: "перчатки",
    item_mask: "маска",
    item_goggles: "очки",
    item_boots: "обувь",
    details_person: "Человек",
    details_region: "Страна",
    details_items: "Надето, вероятность",
    details_value: "Время или число",
    evidence: "Основания",
    photo_alt: "Фотография события",
    camera_new: "Новая камера",
    camera_name: "Название",
    camera_url: "Адрес",
    camera_url_hint: "rtsp://имя:пароль@узел:554/путь",
    camera_transport: "Транспорт",
    camera_analysis_url: "Меньший поток для анализа (необязательно)",
    camera_analysis_url_hint: "пусто: всё по адресу выше",
    camera_testing: "Проверка…",
    camera_save: "Сохранить",
    camera_remove: "Удалить камеру",
    camera_remove_sure: "Удалить камеру и её функции? События останутся.",
    camera_enabled: "Включена",
    camera_changed: "Настройки тем временем изменил кто-то ещё. Проверьте и повторите.",
    cancel: "Отмена",
    failed: "Не получилось.",
  },
};

const KEY = "zool.language";
let language = pick();
const listeners = [];

function pick() {
  const kept = localStorage.getItem(KEY);
  if (kept in STRINGS) return kept;
  return navigator.languages.some((one) => one.toLowerCase().startsWith("ru")) ? "ru" : "en";
}

export function current() {
  return language;
}

/** The words for a key; a key that nobody wrote shows as itself. */
export function t(key) {
  return STRINGS[language][key] ?? key;
}

/** Takes in the words of a page, in both languages. */
export function add(words) {
  for (const [one, more] of Object.entries(words)) Object.assign(STRINGS[one], more);
}

/** Words for a name that comes from outside (a kind, a label): the raw name where there are none. */
export function named(prefix, name) {
  return STRINGS[language][`${prefix}_${name}`] ?? name.replaceAll("_", " ");
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function choose(next) {
  language = next;
  localStorage.setItem(KEY, next);
  translate(document);
  for (const listener of listeners) listener();
}

/** Fills in the words of everything below a node that carries data-i18n. */
export function translate(root) {
  document.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-i18n]")) node.textContent = t(node.dataset.i18n);
  for (const node of root.querySelectorAll("[data-i18n-label]")) node.setAttribute("aria-label", t(node.dataset.i18nLabel));
  for (const node of root.querySelectorAll("[data-i18n-placeholder]")) node.placeholder = t(node.dataset.i18nPlaceholder);
  for (const node of document.querySelectorAll("[data-lang]")) {
    node.setAttribute("aria-pressed", String(node.dataset.lang === language));
  }
}
