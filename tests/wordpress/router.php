<?php
// For PHP's own server: files as they are, all else to WordPress; it is told who signs in, which the server keeps to itself.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$file = $_SERVER['DOCUMENT_ROOT'] . $path;
if (is_file($file) && pathinfo($file, PATHINFO_EXTENSION) !== 'php') {
    return false;
}
$said = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
if (!isset($_SERVER['PHP_AUTH_USER']) && str_starts_with($said, 'Basic ')) {
    [$_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW']] = explode(':', base64_decode(substr($said, 6)), 2) + ['', ''];
}
if (!is_file($file)) {
    $path = '/index.php';
    $file = $_SERVER['DOCUMENT_ROOT'] . $path;
}
$_SERVER['SCRIPT_NAME'] = $path;
$_SERVER['SCRIPT_FILENAME'] = $file;
chdir(dirname($file));
require $file;
return true;
