<?php
// install.php ROOT PORT: the site once, and an application password for each of its three people, as one line of JSON.
[, $root, $port] = $argv;
$_SERVER += ['HTTP_HOST' => "127.0.0.1:$port", 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET'];
define('WP_INSTALLING', true);
require "$root/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
if (!is_blog_installed()) {
    wp_install('The site', 'admin', 'admin@example.test', true, '', wp_generate_password());
}
switch_theme('plain');
global $wp_rewrite;
$wp_rewrite->set_permalink_structure('/%postname%/');
flush_rewrite_rules(false);
$people = [];
foreach (['admin' => 'administrator', 'author' => 'author', 'contributor' => 'contributor'] as $login => $role) {
    $id = username_exists($login);
    if (!$id) {
        $id = wp_insert_user(['user_login' => $login, 'user_pass' => wp_generate_password(), 'user_email' => "$login@example.test", 'role' => $role]);
    }
    WP_Application_Passwords::delete_all_application_passwords($id);
    [$people[$login]] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'desk']);
}
echo json_encode(['version' => get_bloginfo('version'), 'passwords' => $people]);
