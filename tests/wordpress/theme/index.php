<!doctype html>
<html <?php language_attributes(); ?>>
<head><meta charset="utf-8"><?php wp_head(); ?></head>
<body>
<?php while (have_posts()): the_post(); ?>
<article>
<h1><?php the_title(); ?></h1>
<div class="excerpt"><?php the_excerpt(); ?></div>
<figure><?php the_post_thumbnail('full'); ?><figcaption><?php the_post_thumbnail_caption(); ?></figcaption></figure>
<div class="content"><?php the_content(); ?></div>
<p class="terms"><?php the_category(', '); ?> <?php the_tags('', ', '); ?></p>
</article>
<?php endwhile; ?>
<?php wp_footer(); ?>
</body>
</html>
